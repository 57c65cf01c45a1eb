"""Rows and curves of tables in FITS files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from apps.certify.table_reading.read import MOST_POINTS, read
from apps.certify.table_reading.runner import read_table
from apps.certify.table_reading.values import (
    MOST_COLUMNS,
    MOST_ROWS,
    ReadTable,
    TableRequest,
    table_from_json,
)
from tests.certify.looking import primary, write_fits


def table(name: str = "THR", **columns: tuple[str, Any]) -> fits.BinTableHDU:
    """Return a table; columns are a format and an array."""
    made = [fits.Column(title, form, array=np.asarray(values)) for title, (form, values) in columns.items()]
    return fits.BinTableHDU.from_columns(made, name=name)


def reading(path: Path, **wanted: Any) -> ReadTable:
    found = read(path, TableRequest(**wanted))
    assert table_from_json(found.as_json()) == found
    return found


def test_rows_are_read_by_pages(tmp_path: Path) -> None:
    path = write_fits(tmp_path, table(N=("J", range(120)), NAME=("4A", [f"r{row}" for row in range(120)])))
    found = reading(path, first_row=100)
    assert (found.rows, [column.name for column in found.columns]) == (120, ["N", "NAME"])
    assert [column.first[0] for column in found.columns] == ["100", "r100"]
    assert len(found.columns[0].first) == 20
    assert len(reading(path).columns[0].first) == MOST_ROWS
    assert reading(path, first_row=10**9).columns[0].first == ("119",)


def test_many_columns_are_read_by_pages(tmp_path: Path) -> None:
    columns = {f"C{number}": ("J", [number]) for number in range(MOST_COLUMNS + 5)}
    found = reading(write_fits(tmp_path, table(**columns)), first_column=0)
    assert (len(found.columns), found.columns_left) == (MOST_COLUMNS, 5)
    rest = reading(tmp_path / "data.fits", first_column=MOST_COLUMNS)
    assert (rest.columns[0].name, rest.columns_left) == (f"C{MOST_COLUMNS}", 0)


def test_a_curve_of_single_values_runs_over_all_rows(tmp_path: Path) -> None:
    hdu = table(X=("D", [1, 2, 3]), NAME=("2A", ["a", "b", "c"]), Y=("E", [5, np.nan, 7]), Z=("I", [9, 8, 7]))
    hdu.columns["X"].unit = "nm"
    path = write_fits(tmp_path, hdu)
    curve = reading(path).curve
    assert curve is not None
    assert (curve.x, curve.y, curve.x_unit, curve.points) == ("X", "Y", "nm", ((1, 5), (3, 7)))
    chosen = reading(path, x="Y", y="Z").curve
    assert chosen is not None
    assert chosen.points == ((5, 9), (7, 7))
    assert reading(path).numeric == ("X", "Y", "Z")


def test_a_curve_of_lists_is_that_of_the_first_row_shown(tmp_path: Path) -> None:
    path = write_fits(tmp_path, table(W=("3D", [[1, 2, 3], [4, 5, 6]]), F=("3E", [[7, 8, 9], [1, 1, 2]])))
    curve = reading(path, first_row=1).curve
    assert curve is not None
    assert curve.points == ((4, 1), (5, 1), (6, 2))


@pytest.mark.parametrize("keyword", ["TNULL1", "TSCAL1", "TZERO1"])
def test_a_card_that_cannot_be_parsed_is_the_reason_why_nothing_is_read(tmp_path: Path, keyword: str) -> None:
    path = write_fits(tmp_path, table(N=("J", [1, 2]), M=("J", [3, 4])))
    with fits.open(path, mode="update") as opened:
        opened[1].header[keyword] = 7
    content = path.read_bytes()
    assert f"{keyword}  =                    7".encode() in content
    path.write_bytes(
        content.replace(
            f"{keyword}  =                    7".encode(), f"{keyword}  =              'a 7 'x".encode()
        )
    )
    found = reading(path)
    assert "cannot be read" in found.problem
    assert [each.name for each in found.tables] == ["THR"]


def test_scaled_and_undefined_numbers_are_what_they_mean(tmp_path: Path) -> None:
    hdu = fits.BinTableHDU.from_columns(
        [
            fits.Column("U", "I", bzero=32768, array=np.array([0, 40000, 65535], "u2")),
            fits.Column("N", "J", null=-99, array=np.array([1, -99, 3])),
        ]
    )
    curve = reading(write_fits(tmp_path, hdu)).curve
    assert curve is not None
    assert curve.points == ((0, 1), (65535, 3))


def test_a_long_curve_keeps_its_extremes(tmp_path: Path) -> None:
    values = np.zeros(50_000)
    values[31_415], values[2_718] = 1.0, -1.0
    path = write_fits(tmp_path, table(X=("D", np.arange(50_000.0)), Y=("D", values)))
    curve = reading(path).curve
    assert curve is not None
    assert len(curve.points) <= MOST_POINTS
    assert {(31_415.0, 1.0), (2_718.0, -1.0)} <= set(curve.points)


def test_the_tables_of_a_file_are_listed_and_chosen_by_number(tmp_path: Path) -> None:
    path = write_fits(
        tmp_path, fits.ImageHDU(np.eye(3)), table("A", N=("J", [1])), table("B", N=("J", [1, 2]))
    )
    found = reading(path, part=3)
    assert [(each.number, each.name, each.rows) for each in found.tables] == [(2, "A", 1), (3, "B", 2)]
    assert (found.number, found.curve) == (3, None)
    assert reading(path, part=1).number == 2


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"TFORM1": "9999999D"}, "reaches beyond its row"),
        ({"TFORM1": "<b>"}, "not the format of a column"),
        ({"TSCAL1": "two"}, "scales a column"),
    ],
)
def test_a_header_that_lies_gets_a_reason(tmp_path: Path, cards: dict[str, object], reason: str) -> None:
    path = write_fits(tmp_path, table(N=("J", [1, 2]), M=("J", [1, 2])))
    with fits.open(path, mode="update") as hdus:
        hdus[1].header.update(cards)
    assert reason in reading(path).problem


@pytest.mark.parametrize(
    ("content", "reason"), [(b"no FITS", "Not FITS"), (primary(), "no table"), (b"", "no table")]
)
def test_a_file_without_tables_gets_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.fits"
    path.write_bytes(content)
    assert reason in reading(path).problem


def test_a_child_reads_it(tmp_path: Path) -> None:
    path = write_fits(tmp_path, table(X=("D", [1, 2]), Y=("D", [3, 4])))
    assert read_table(path, TableRequest(), observatory="jwst") == reading(path)
