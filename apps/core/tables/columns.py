"""Columns: what a table shows of a row, and by what it is sorted and searched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Value = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a cell's text, and where it leads, if anywhere."""

    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as a page prints it.

    Attributes
    ----------
    text
        Printed text; the template escapes it.
    address
        Where it leads; empty for nowhere.
    look
        Classes of its element: ``number``, ``moment``, ``code``, ``long`` for sentences.
    badge
        Colour of the badge it is printed in: ``good``, ``warn``, ``bad``, ``calm``, ``plain``; empty: none.
    parts
        Printed in the place of the text, if there are any.
    heading
        What is printed of long parts before somebody opens them; empty if they are printed at once.
    """

    text: str
    address: str = ""
    look: str = ""
    badge: str = ""
    parts: Sequence[Part] = ()
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
        Returns what is exported of a row, and shown unless `text` says otherwise.
    sort
        For rows of the database the expression they are ordered by, empty if they cannot be; for other rows
        anything but empty lets `value` order them.
    search
        For rows of the database the lookup that the search box uses, ``name__icontains``; for other rows
        anything but empty has the printed text searched.
    address, badge, text
        Return where the cell leads, the colour of its badge, and the printed text.
    parts, heading
        Return the pieces that are printed in the place of the text, each leading somewhere else, and what is
        printed of them before somebody opens them.
    look
        See `Cell`.
    missing
        What is printed for None and the empty text.
    """

    name: str
    label: str
    value: Callable[[Any], Value]
    sort: str = ""
    search: str = ""
    address: Callable[[Any], str] | None = None
    badge: Callable[[Any], str] | None = None
    text: Callable[[Any], str] | None = None
    parts: Callable[[Any], Sequence[Part]] | None = None
    heading: Callable[[Any], str] | None = None
    look: str = ""
    missing: str = ""

    def cell(self, row: Any) -> Cell:
        """Return what the page prints of a row."""
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
    """Return a value as people read it: moments in UTC, to the second.

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
