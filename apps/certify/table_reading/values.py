"""Rows and curves of a table, as the child writes them and the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from apps.certify.quick_looks.values import TableColumn

MOST_ROWS = 50  # of one page
MOST_COLUMNS = 30  # of one page


@dataclass(frozen=True, slots=True)
class TableOfFile:
    """One table of a file: the number of its HDU, its name, and the number of its rows."""

    number: int
    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Values of one column over another.

    Attributes
    ----------
    points
        Pairs of finite numbers in the order of the table; of a long column, the extremes of each stretch.
    """

    x: str
    y: str
    x_unit: str
    y_unit: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A part of a table.

    Attributes
    ----------
    tables
        All tables of the file.
    number, rows
        The HDU that was read, and the number of its rows.
    columns
        Columns with the values of the requested rows.
    columns_left
        Number of columns after those.
    numeric
        Names of the columns that can be drawn.
    curve
        The requested curve; None if the table has nothing to draw.
    problem
        The reason why nothing was read.
    """

    tables: tuple[TableOfFile, ...] = ()
    number: int = 0
    rows: int = 0
    columns: tuple[TableColumn, ...] = ()
    columns_left: int = 0
    numeric: tuple[str, ...] = ()
    curve: Curve | None = None
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TableRequest:
    """The part of a table that a page asks for.

    Attributes
    ----------
    part
        Number of the HDU; the first table if None or not a table.
    first_row, first_column
        Counted from 0.
    x, y
        Names of the columns of the curve; empty: the first that can be drawn.
    """

    part: int | None = None
    first_row: int = 0
    first_column: int = 0
    x: str = ""
    y: str = ""


def table_from_json(values: Mapping[str, Any]) -> ReadTable:
    """Return the table that `ReadTable.as_json` turned into plain values."""
    curve = values["curve"]
    points = tuple((x, y) for x, y in curve["points"]) if curve else ()
    return ReadTable(
        tables=tuple(TableOfFile(**each) for each in values["tables"]),
        number=values["number"],
        rows=values["rows"],
        columns=tuple(TableColumn(**each | {"first": tuple(each["first"])}) for each in values["columns"]),
        columns_left=values["columns_left"],
        numeric=tuple(values["numeric"]),
        curve=Curve(**curve | {"points": points}) if curve else None,
        problem=values["problem"],
    )
