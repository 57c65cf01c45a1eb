"""The reading of rows and curves of a table in a FITS file."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from apps.certify.fits_structure import BadHeaderError, Header, axes_of
from apps.certify.quick_looks import fits_tables
from apps.certify.quick_looks.fits_files import Hdu, hdus, name_of
from apps.certify.quick_looks.fits_headers import number, text
from apps.certify.quick_looks.fits_tables import FitsColumn, fields_of
from apps.certify.quick_looks.limits import MOST_PARTS
from apps.certify.sandbox.ends import is_our_error
from apps.certify.table_reading.values import (
    MOST_COLUMNS,
    MOST_ROWS,
    Curve,
    ReadTable,
    TableOfFile,
    TableRequest,
)

MOST_POINTS = 1500  # of a curve
_NUMBERS = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_TABLES = ("BINTABLE", "TABLE")

Floats = NDArray[np.float64]


def read(path: Path, wanted: TableRequest) -> ReadTable:
    """Read rows and a curve of one table; the answer says why if there is none."""
    size = path.stat().st_size
    with path.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tables = [hdu for hdu in _first_hdus(stream, size) if _is_table(hdu) and hdu.end <= size]
        except BadHeaderError as exc:
            return ReadTable(problem=f"Not FITS that can be read: {exc}.")
        if not tables:
            return ReadTable(problem="The file has no table.")
        chosen = next((hdu for hdu in tables if hdu.number == wanted.part), tables[0])
        listed = tuple(TableOfFile(hdu.number, name_of(hdu.header), _rows(hdu)) for hdu in tables)
        try:
            return replace(_read(chosen, stream, path, wanted), tables=listed)
        except MemoryError:
            raise
        except Exception as exc:  # A header may be wrong in any way.
            if is_our_error(exc):
                raise
            problem = f"The table cannot be read: {str(exc)[:200]}."
            return ReadTable(tables=listed, number=chosen.number, problem=problem)


def _first_hdus(stream: BinaryIO, size: int) -> list[Hdu]:
    found: list[Hdu] = []
    for hdu in hdus(stream, size):
        if len(found) == MOST_PARTS:
            break
        found.append(hdu)
    return found


def _is_table(hdu: Hdu) -> bool:
    return text(hdu.header, "XTENSION") in _TABLES and text(hdu.header, "ZIMAGE") != "True"


def _rows(hdu: Hdu) -> int:
    return (*axes_of(hdu.header), 0, 0)[1]


def _read(hdu: Hdu, stream: BinaryIO, path: Path, wanted: TableRequest) -> ReadTable:
    rows, fields = _rows(hdu), fields_of(hdu.header)
    first_row = min(wanted.first_row, max(0, rows - 1))
    first_column = min(wanted.first_column, max(0, len(fields) - 1))
    shown = range(first_row, min(first_row + MOST_ROWS, rows))
    columns, _ = fits_tables.columns(hdu.header, stream, hdu.start, rows=shown, first=first_column)
    numeric = _numeric(hdu, fields)
    return ReadTable(
        number=hdu.number,
        rows=rows,
        columns=columns[:MOST_COLUMNS],
        columns_left=max(0, len(fields) - first_column - MOST_COLUMNS),
        numeric=tuple(numeric),
        curve=_curve(hdu, path, numeric, wanted, first_row) if numeric and rows else None,
    )


def _numeric(hdu: Hdu, fields: list[FitsColumn]) -> dict[str, FitsColumn]:
    """Return the columns with numbers by name; a second column of the same name is left out."""
    if text(hdu.header, "XTENSION") != "BINTABLE":
        return {}
    found: dict[str, FitsColumn] = {}
    for field in fields:
        if field.code in _NUMBERS and field.count:
            found.setdefault(fits_tables.name_of(hdu.header, field), field)
    return found


def _curve(
    hdu: Hdu, path: Path, numeric: dict[str, FitsColumn], wanted: TableRequest, row: int
) -> Curve | None:
    """Return a curve: over all rows for columns of single values, else over the values of one row."""
    names = list(numeric)
    x = wanted.x if wanted.x in numeric else names[0]
    like_x = [name for name in names if numeric[name].count == numeric[x].count and name != x]
    if not like_x:
        return None
    y = wanted.y if wanted.y in like_x else like_x[0]
    xs, ys = (_values(hdu, path, numeric[name], row) for name in (x, y))
    x_unit, y_unit = (text(hdu.header, f"TUNIT{numeric[name].number}") for name in (x, y))
    return Curve(x, y, x_unit, y_unit, _points(xs, ys))


def _values(hdu: Hdu, path: Path, field: FitsColumn, row: int) -> Floats:
    """Return the values of a column; of a column of lists, those of one row."""
    width, rows = axes_of(hdu.header)[:2]
    dtype = np.dtype(_NUMBERS[field.code])
    if field.offset + field.count * dtype.itemsize > width:
        raise BadHeaderError(f"column {field.number} reaches beyond its row of {width} bytes")
    if field.count > 1:
        start = hdu.start + row * width + field.offset
        stored: Any = np.memmap(path, dtype, mode="r", offset=start, shape=(field.count,))
    else:
        cell = np.dtype(
            {"names": ["value"], "formats": [dtype], "offsets": [field.offset], "itemsize": width}
        )
        stored = np.memmap(path, cell, mode="r", offset=hdu.start, shape=(rows,))["value"]
    return _scaled(np.asarray(stored), hdu.header, field)


def _scaled(stored: NDArray[Any], header: Header, field: FitsColumn) -> Floats:
    values = stored.astype(np.float64)
    values = values * number(header, f"TSCAL{field.number}", 1.0) + number(
        header, f"TZERO{field.number}", 0.0
    )
    null = header.get(f"TNULL{field.number}")
    if stored.dtype.kind in "iu" and isinstance(null, int):
        values[stored == null] = np.nan
    return values


def _points(xs: Floats, ys: Floats) -> tuple[tuple[float, float], ...]:
    """Return the finite points; of many, those with the least and the greatest value of each stretch."""
    there = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[there], ys[there]
    if xs.size > MOST_POINTS:
        kept = _extremes(ys)
        xs, ys = xs[kept], ys[kept]
    return tuple(zip(xs.tolist(), ys.tolist(), strict=True))


def _extremes(ys: Floats) -> NDArray[np.int64]:
    edges = [math.floor(edge) for edge in np.linspace(0, ys.size, MOST_POINTS // 2 + 1)]
    places = {
        start + int(place)
        for start, end in pairwise(edges)
        for place in (ys[start:end].argmin(), ys[start:end].argmax())
    }
    return np.array(sorted(places))
