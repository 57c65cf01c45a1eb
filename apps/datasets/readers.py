"""Readers of datasets in files: numbered rows, one after the other, whatever the file holds.

Each reader yields the number of a row with its content, or with the reason why it cannot be read. A wrong row
does not stop the reading of later rows. A fault of the whole file is an `UnreadableSourceError`.

The formats are JSON lines (``{"dataset_id": ..., "header": {...}, "prog_id": ...}``), the form of the CRDS
client (two-part id to header: one object for the whole file, or one or more per line), CSV with one column
per keyword, Parquet, and data files in FITS and ASDF.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib import import_module
from io import BufferedReader
from pathlib import Path
from typing import Any, Protocol

import orjson
from django.conf import settings

from apps.certify.headers import UnreadableHeaderError, read_header
from apps.datasets.errors import BadRowError, UnreadableSourceError
from apps.datasets.import_rows import Raw
from apps.rules.observatories import get_observatory

Read = tuple[int, Raw | BadRowError]


class LineSource(Protocol):
    """A stream of bytes that is read by lines."""

    def readline(self, size: int, /) -> bytes:
        """Return bytes up to the end of a line, at most `size`; nothing at the end of the stream."""
        ...


LONGEST_LINE = 1 << 20  # bytes
MOST_COLUMNS = 2000  # of CSV; the largest header has about 400 keywords
_BLOCK = 1 << 16  # bytes
_ROWS = 2000  # of Parquet, decoded at once
_ID, _PROGRAM, _HEADER = "dataset_id", "prog_id", "header"
_REFERENCE_KEYS = ("USEAFTER", "META.USEAFTER")
# The start of an object whose first key is not a key of a JSON line.
_ENTRY = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?!(?:dataset_id|prog_id|header)")')

# The fast reader rounds numbers of so many digits. To look for zeros after each digit became one takes a
# tenth of the time of a regular expression, which was an eighth of an import.
_TO_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19


def read(path: Path, *, after: int = 0) -> Iterator[Read]:
    """Yield number and content of each row with a number greater than `after`.

    The number is that of the line, or of the entry in a single object; a data file is row 1.

    Raises
    ------
    UnreadableSourceError
        Raised if the format of the file is unknown, or differs from the one that its name promises.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableSourceError(
            f"{path.suffix!r} is not a known format; known are {', '.join(sorted(_READERS))}."
        )
    try:
        yield from reader(path, after)
    except OSError as exc:
        raise UnreadableSourceError(f"The file cannot be read: {exc.strerror}.") from exc


def read_lines(stream: LineSource) -> Iterator[Read]:
    """Yield number and content of each row in a stream of JSON lines."""
    yield from _lines(stream, 0)


def _read_json(path: Path, after: int) -> Iterator[Read]:
    with path.open("rb") as stream:
        is_one_object = _is_one_object(stream)
        stream.seek(0)
        yield from (_entries if is_one_object else _lines)(stream, after)


def _is_one_object(stream: BufferedReader) -> bool:
    """Return whether one object spans the whole file, judged by its first two lines.

    It does if the first line holds only the start of an object, and the second line does not begin another
    object.
    """
    first, second = stream.readline(LONGEST_LINE + 1), stream.readline(100)
    if len(first) > LONGEST_LINE:
        return _ENTRY.match(first) is not None
    text = first.decode("utf-8-sig", errors="replace").strip()
    try:
        json.loads(text)
    except json.JSONDecodeError as exc:
        return text.startswith("{") and exc.pos >= len(text) and not second.lstrip().startswith(b"{")
    except (RecursionError, ValueError):
        return False  # The reader of lines reports the fault.
    return False


def _lines(stream: LineSource, after: int) -> Iterator[Read]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            _skip_line(stream, line)
        if number <= after:
            continue
        if len(line) > LONGEST_LINE:
            yield number, BadRowError(f"the line is longer than {LONGEST_LINE} bytes")
        elif not line.isspace():
            yield from _from_line(number, line)


def _skip_line(stream: LineSource, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(LONGEST_LINE)


def _from_line(number: int, line: bytes) -> Iterator[Read]:
    try:
        document = _load(line, number)
    except (ValueError, RecursionError) as exc:
        yield number, BadRowError(_json_reason(exc))
        return
    if not isinstance(document, dict):
        yield number, BadRowError("the line is not a JSON object")
    elif _ID in document:
        yield number, Raw(document.get(_HEADER), document[_ID], document.get(_PROGRAM))
    else:
        for dataset_id, header in document.items():
            yield number, Raw(header, dataset_id)


def _load(line: bytes, number: int) -> Any:
    """Return the value of a line. Python's own reader is asked where the fast one refuses or rounds."""
    if _LONG_NUMBER not in line.translate(_TO_ZEROS):
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            pass
    return json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))


def _json_reason(exc: Exception) -> str:
    if isinstance(exc, RecursionError):
        return "the JSON is nested too deeply"
    if isinstance(exc, UnicodeDecodeError):
        return f"not UTF-8: byte {exc.start} is 0x{exc.object[exc.start]:02x}"
    return f"not JSON: {exc}"


def _entries(stream: BufferedReader, after: int) -> Iterator[Read]:
    """Read the entries of one object, and hold only one entry at a time."""
    source = _Source(stream)
    source.expect("{")
    number = 0
    if source.peek() == "}":
        return
    while True:
        number += 1
        try:
            dataset_id = source.value()
            source.expect(":")
            header = source.value()
        except UnreadableSourceError as exc:
            raise UnreadableSourceError(f"Nothing can be read from entry {number} on: {exc}") from exc
        if number > after:
            yield number, Raw(header, dataset_id)
        if source.peek() != ",":
            source.expect("}")
            return
        source.expect(",")


class _Source:
    """A stream of JSON values from a text that is never held whole."""

    def __init__(self, stream: BufferedReader) -> None:
        self.stream = stream
        # Bytes that are not UTF-8 are refused later, with their entry.
        self.decode = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape").decode
        self.text, self.position = "", 0
        self.decoder = json.JSONDecoder()

    def peek(self) -> str:
        """Return the next character that is not a blank, or an empty text at the end."""
        while True:
            while self.position < len(self.text):
                if not self.text[self.position].isspace():
                    return self.text[self.position]
                self.position += 1
            if not self._grow():
                return ""

    def expect(self, character: str) -> None:
        """Skip the expected character, or raise."""
        found = self.peek()
        if found != character:
            raise UnreadableSourceError(f"{character!r} was expected; {found or 'the end'!r} was found.")
        self.position += 1

    def value(self) -> Any:
        """Return the next value, over any number of blocks, up to the length of the longest line we read."""
        self.peek()
        self.text, self.position = self.text[self.position :], 0
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text)
            except RecursionError as exc:
                raise UnreadableSourceError(_json_reason(exc)) from None
            except ValueError as exc:
                if len(self.text) > LONGEST_LINE or not self._grow():
                    raise UnreadableSourceError(_json_reason(exc)) from None
            else:
                # A number at the end of a block may continue in the next block.
                if end == len(self.text) and self._grow():
                    continue
                self.position = end
                return value

    def _grow(self) -> bool:
        # Double the block each time, so that a long value is not decoded from its start too often.
        block = self.stream.read(max(_BLOCK, len(self.text)))
        self.text, self.position = self.text[self.position :] + self.decode(block, not block), 0
        return bool(block)


def _read_csv(path: Path, after: int) -> Iterator[Read]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        records = _records(stream)
        _, columns = next(records, (0, None))
        names = _column_names(columns)
        for number, record in records:
            if number > after and record != []:
                yield number, _from_record(names, record)


def _records(stream: Any) -> Iterator[tuple[int, list[str] | BadRowError]]:
    """Yield the line number at the end of each record, with its cells or its fault."""
    reader = csv.reader(stream)
    while True:
        before = reader.line_num
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            yield reader.line_num, BadRowError(f"not CSV: {exc}")
            if reader.line_num > before + 1:
                # A quote was opened and never closed. What follows cannot be told apart from the quoted text.
                raise UnreadableSourceError(
                    f"Nothing can be read after line {before}: a quote in line {before + 1} is not closed."
                ) from None
        else:
            yield reader.line_num, record


def _column_names(columns: list[str] | BadRowError | None) -> list[str]:
    if not isinstance(columns, list):
        raise UnreadableSourceError(
            f"The first line does not name columns: {columns or 'the file is empty'}."
        )
    if len(columns) > MOST_COLUMNS:
        raise UnreadableSourceError(
            f"The first line names {len(columns)} columns; at most {MOST_COLUMNS} are read."
        )
    names = [name.strip() for name in columns]
    names = [name.lower() if name.lower() in (_ID, _PROGRAM) else name for name in names]
    if _ID not in names:
        raise UnreadableSourceError(
            f"No column is called {_ID}; the first line names {', '.join(names)[:200]!r}."
        )
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise UnreadableSourceError(f"Two columns are called {twice[0][:100]!r}.")
    return names


def _from_record(names: list[str], record: list[str] | BadRowError) -> Raw | BadRowError:
    if isinstance(record, BadRowError):
        return record
    if len(record) != len(names):
        return BadRowError(f"{len(record)} cells were found; there are {len(names)} columns")
    header = {name: cell for name, cell in zip(names, record, strict=True) if name and cell}
    return Raw(header, header.pop(_ID, ""), header.pop(_PROGRAM, None))


def _read_parquet(path: Path, after: int) -> Iterator[Read]:
    """Read one row for each dataset: a column for each keyword as in CSV, or one column with the header."""
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        raise UnreadableSourceError(
            "Parquet files are read by pyarrow, which is not installed. Run `pip install pyarrow`,"
            " or write the datasets as JSON lines."
        ) from None
    number = 0
    try:
        file = parquet.ParquetFile(path)
        if _ID not in file.schema_arrow.names:
            names = ", ".join(file.schema_arrow.names)[:200]
            raise UnreadableSourceError(f"No column is called {_ID}; the columns are {names!r}.")
        for batch in file.iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                number += 1
                if number > after:
                    yield number, _from_columns(row)
    except ValueError as exc:  # Those of pyarrow are.
        raise UnreadableSourceError(f"Nothing can be read after row {number}: {exc}.") from exc


def _from_columns(row: dict[str, Any]) -> Raw | BadRowError:
    dataset_id, program = row.pop(_ID), row.pop(_PROGRAM, None)
    if _HEADER not in row:
        return Raw(_typed_as_texts(row), dataset_id, program)
    header = row[_HEADER]
    if isinstance(header, str):
        try:
            header = json.loads(header)
        except (ValueError, RecursionError) as exc:
            return BadRowError(_json_reason(exc))
    if isinstance(header, list):  # A map of Arrow is a list of pairs.
        header = dict(header)
    if isinstance(header, dict):
        header = _typed_as_texts(header)
    return Raw(header, dataset_id, program)


def _typed_as_texts(header: dict[str, Any]) -> dict[str, Any]:
    """Return a header without empty cells, with texts in place of moments and decimal numbers."""
    return {name: typed_as_text(value) for name, value in header.items() if value is not None}


def typed_as_text(value: Any) -> Any:
    """Return the text of a moment or a decimal number as headers hold it, and any other value as it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)  # Headers hold UTC without an offset.
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _read_data_file(path: Path, after: int) -> Iterator[Read]:
    if after >= 1:
        return
    try:
        header = read_header(path)
    except UnreadableHeaderError as exc:
        yield 1, BadRowError(str(exc))
        return
    spellings = get_observatory(settings.OBSERVATORY).spellings(_REFERENCE_KEYS)
    if any(key in header for key in spellings):
        yield 1, BadRowError("it has a useafter date, so it is a reference and not a dataset")
        return
    # These keywords hold prose, which is longer than all other values.
    yield 1, Raw({key: value for key, value in header.items() if key not in ("COMMENT", "HISTORY")})


_READERS: dict[str, Callable[[Path, int], Iterator[Read]]] = {
    ".json": _read_json,
    ".jsonl": _read_json,
    ".ndjson": _read_json,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".fits": _read_data_file,
    ".asdf": _read_data_file,
}
SUFFIXES = tuple(_READERS)
