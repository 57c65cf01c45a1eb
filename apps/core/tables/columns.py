"""Columns of tables: the values that they show, and the keys for sorting and searching."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

EXPORTED = "exported"
Value = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class CellPart:
    """A piece of a cell's text, and the address of its link, if any."""

    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as a page prints it.

    Attributes
    ----------
    text
        Printed text. The template escapes it.
    address
        Address of its link; empty if there is none.
    look
        Classes of its element: ``number``, ``moment``, ``code``, ``long`` for sentences.
    badge
        Colour of its badge: ``good``, ``warn``, ``bad``, ``calm`` or ``plain``; empty if it has none.
    parts
        Pieces that are printed instead of the text, if there are any.
    heading
        Heading of long parts, which people open to see them; empty if the parts are printed at once.
    """

    text: str
    address: str = ""
    look: str = ""
    badge: str = ""
    parts: Sequence[CellPart] = ()
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        Its name in addresses and exports.
    label
        Its head.
    value
        Returns the value of a row that is exported. It is also shown, unless there is a `text`.
    sort
        For rows of the database, the expression to order them by; empty if they cannot be sorted. For other
        rows, any text that is not empty means that `value` orders them.
    search
        For rows of the database, the lookup of the search box, such as ``name__icontains``. For other rows,
        any text that is not empty means that the printed text is searched; `EXPORTED` means that the exported
        value is, which is quicker where the printed text is costly.
    address, badge, text
        Return the address of the cell's link, the colour of its badge, and the printed text.
    parts, heading
        Return the pieces that are printed instead of the text, each with its own link, and their heading.
    choices
        For rows of the database whose column has few values, returns them all. A search compares its text
        with them, which is quicker than with each row. The `search` must be ``<column>__icontains``.
    look
        See `Cell`.
    missing
        Text that is printed for None and for an empty value.
    """

    name: str
    label: str
    value: Callable[[Any], Value]
    sort: str = ""
    search: str = ""
    address: Callable[[Any], str] | None = None
    badge: Callable[[Any], str] | None = None
    text: Callable[[Any], str] | None = None
    parts: Callable[[Any], Sequence[CellPart]] | None = None
    heading: Callable[[Any], str] | None = None
    choices: Callable[[], Sequence[str]] | None = None
    look: str = ""
    missing: str = ""

    def matching(self, text: str) -> Q:
        """Return the condition that the column of a row of the database contains a text."""
        if self.choices is None:
            return Q((self.search, text))
        wanted = text.casefold()
        found = [value for value in self.choices() if wanted in value.casefold()]
        return Q((f"{self.search.removesuffix('icontains')}in", found))

    def searched(self, row: Any) -> str:
        """Return the text of a row, not of the database, in which a search looks."""
        return as_text(self.value(row)) if self.search == EXPORTED else self.shown(row)

    def cell(self, row: Any) -> Cell:
        """Return the cell that the page prints for a row."""
        return Cell(
            text=self.shown(row),
            address=self.address(row) if self.address else "",
            look=self.look,
            badge=self.badge(row) if self.badge else "",
            parts=self.parts(row) if self.parts else (),
            heading=self.heading(row) if self.heading else "",
        )

    def shown(self, row: Any) -> str:
        """Return the printed text of a row."""
        if self.text is not None:
            return self.text(row)
        value = self.value(row)
        return self.missing if value is None or value == "" else as_text(value)


def as_text(value: Value) -> str:
    """Return a value as text for people. Moments are in UTC, to the second.

    Examples
    --------
    >>> as_text(datetime(2026, 1, 31, 9, 5)), as_text(True), as_text(34560)
    ('2026-01-31 09:05:00', 'yes', '34560')
    """
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
