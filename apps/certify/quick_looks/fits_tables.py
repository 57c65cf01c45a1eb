"""Columns of FITS tables and their first rows; only the first bytes of each cell are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from apps.certify.fits_structure import BadHeaderError, Header, axes_of, whole
from apps.certify.quick_looks.fits_headers import text
from apps.certify.quick_looks.limits import FIRST_ITEMS, FIRST_ROWS, MOST_COLUMNS
from apps.certify.quick_looks.safe_text import shown
from apps.certify.quick_looks.values import TableColumn

_MOST_FIELDS = 999
_LONGEST_CELL = 120  # characters
_FORM = re.compile(r"\s*(\d{0,18})([LXBIJKAEDCMPQ])")
_TEXT_FORM = re.compile(r"\s*([AIFED])(\d{1,9})")
_DTYPES = {"L": "S1", "X": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "A": "S1", "E": ">f4",
           "D": ">f8", "C": ">c8", "M": ">c16", "P": ">i4", "Q": ">i8"}  # fmt: skip


@dataclass(frozen=True)
class FitsColumn:
    """The place of the values of a column within a row, and their format."""

    number: int
    form: str
    code: str
    count: int
    offset: int


def columns(
    header: Header, stream: BinaryIO, start: int, *, rows: range = range(FIRST_ROWS), first: int = 0
) -> tuple[tuple[TableColumn, ...], int]:
    """Return columns of a table with some of its rows, and the number of further columns.

    Parameters
    ----------
    start
        Start of the rows in the file, in bytes.
    rows
        Numbers of the rows, counted from 0; those that the table does not have are left out.
    first
        Number of the first column, counted from 0.

    Raises
    ------
    ValueError
        Raised if the header does not describe a table.
    """
    width, count = (*axes_of(header), 0, 0)[:2]
    is_text = str(header.get("XTENSION", "")).strip() == "TABLE"
    fields = fields_of(header)
    found = []
    for field in fields[first : first + MOST_COLUMNS]:
        cells = [
            _cell(field, header, stream, start + row * width, width, is_text=is_text)
            for row in rows
            if row < count
        ]
        unit = text(header, f"TUNIT{field.number}")
        found.append(TableColumn(name_of(header, field), field.form, unit, tuple(cells)))
    return tuple(found), max(0, len(fields) - first - MOST_COLUMNS)


def name_of(header: Header, field: FitsColumn) -> str:
    """Return the name of a column, or its number if it has no name."""
    return text(header, f"TTYPE{field.number}") or f"column {field.number}"


def fields_of(header: Header) -> list[FitsColumn]:
    """Return the columns of a table.

    Raises
    ------
    BadHeaderError
        Raised if the header does not describe a table.
    """
    count = min(whole(header, "TFIELDS"), _MOST_FIELDS)
    is_text = str(header.get("XTENSION", "")).strip() == "TABLE"
    return _text_fields(header, count) if is_text else _binary_fields(header, count)


def _binary_fields(header: Header, count: int) -> list[FitsColumn]:
    offset, fields = 0, []
    for number in range(1, count + 1):
        form = text(header, f"TFORM{number}")
        match = _FORM.match(form)
        if match is None:
            raise BadHeaderError(f"TFORM{number} is {form!r}, which is not the format of a column")
        repeat, code = int(match[1] or 1), match[2]
        # Bits are packed. A column of lists has for each row the number of values and their place.
        items = -(-repeat // 8) if code == "X" else 2 * min(repeat, 1) if code in "PQ" else repeat
        fields.append(FitsColumn(number, form, code, items, offset))
        offset += items * np.dtype(_DTYPES[code]).itemsize
    return fields


def _text_fields(header: Header, count: int) -> list[FitsColumn]:
    fields = []
    for number in range(1, count + 1):
        form = text(header, f"TFORM{number}")
        match = _TEXT_FORM.match(form)
        if match is None:
            raise BadHeaderError(f"TFORM{number} is {form!r}, which is not the format of a column")
        begin = whole(header, f"TBCOL{number}", least=1) - 1
        fields.append(FitsColumn(number, form, "A", int(match[2]), begin))
    return fields


def _cell(field: FitsColumn, header: Header, stream: BinaryIO, row: int, width: int, *, is_text: bool) -> str:
    dtype = np.dtype(_DTYPES[field.code])
    most = _LONGEST_CELL + 1 if field.code == "A" else FIRST_ITEMS
    wanted = min(field.count, most)
    if field.offset + wanted * dtype.itemsize > width:
        raise BadHeaderError(f"column {field.number} reaches beyond its row of {width} bytes")
    stream.seek(row + field.offset)
    data = stream.read(wanted * dtype.itemsize)
    if field.code == "A":
        # A zero byte ends the text before the end of its field.
        words = data.split(b"\0")[0].decode("latin-1")
        return shown(words.strip() if is_text else words.rstrip(), _LONGEST_CELL)
    return _printed(np.frombuffer(data, dtype), field, header)


def _printed(values: Any, field: FitsColumn, header: Header) -> str:
    if field.code in "PQ":
        return f"{values[0]} values" if values.size else ""
    if field.code == "X":
        printed = " ".join(f"{value:08b}" for value in values)
    elif field.code == "L":
        printed = ", ".join({b"T": "T", b"F": "F"}.get(value, "") for value in values.tolist())
    else:
        printed = ", ".join(_number(value, field, header) for value in values.tolist())
    return f"{printed}, …" if field.count > values.size else printed


def _number(value: Any, field: FitsColumn, header: Header) -> str:
    if field.code in "BIJK":
        if value == header.get(f"TNULL{field.number}"):
            return ""
        factor, offset = header.get(f"TSCAL{field.number}", 1), header.get(f"TZERO{field.number}", 0)
        # Unsigned numbers are stored with an offset that must not become a floating point number.
        value = value * _exact(factor) + _exact(offset)
    return f"{value:.8g}" if isinstance(value, float | complex) else str(value)


def _exact(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadHeaderError(f"{str(value)[:40]!r} scales a column and is not a number")
    return int(value) if float(value).is_integer() else value
