"""CSV (RFC 4180) and TSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from apps.vo.adql.result_columns import ResultColumn
from apps.vo.errors import VoError
from apps.vo.writers.values import texts_of
from apps.vo.writers.votable import Truncated

Row = Sequence[Any]


def write_csv(columns: Sequence[ResultColumn], batches: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Yield a header and the rows. CSV has no place for a mark, so a cut or failed answer just ends."""
    yield from _write(columns, batches, _csv_lines)


def write_tsv(columns: Sequence[ResultColumn], batches: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Yield a header and the rows; tabs and line ends inside of values become blanks."""
    yield from _write(columns, batches, _tsv_lines)


def _write(columns: Sequence[ResultColumn], batches: Iterable[Sequence[Row]], lines: Any) -> Iterator[str]:
    yield lines([[column.name for column in columns]])
    try:
        for batch in batches:
            yield lines(zip(*texts_of(batch, columns), strict=True))
    except (Truncated, VoError):
        return


def _csv_lines(rows: Iterable[Sequence[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerows(rows)
    return stream.getvalue()


_BLANKS = str.maketrans({"\t": " ", "\n": " ", "\r": " "})


def _tsv_lines(rows: Iterable[Sequence[str]]) -> str:
    return "".join("\t".join(text.translate(_BLANKS) for text in row) + "\n" for row in rows)
