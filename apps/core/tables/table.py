"""One table, as an address asks for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from html import unescape
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from apps.core.tables.columns import Cell, Column

SIZES = (50, 200, 1000)  # rows of a page
LONGEST_SEARCH = 200  # characters
FORMATS = ("csv", "json")


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column, and the address that sorts by it, empty if nothing does."""

    label: str
    look: str
    address: str
    order: str  # As ``aria-sort`` says it; empty if the table is not sorted by it.


@dataclass(frozen=True, slots=True)
class Picks:
    """Check boxes before the rows' ends, and a button in the head that sends those ticked.

    Attributes
    ----------
    address
        Where the button leads, by GET; each ticked row adds one ``file``.
    value
        Returns what a row stands for; empty for rows without a box.
    """

    address: str
    value: Callable[[Any], str]
    label: str = "diff"


@dataclass(frozen=True, slots=True)
class Line:
    """One row as a page prints it; `pick` is the value of its check box, empty without one."""

    cells: list[Cell]
    pick: str = ""


@dataclass
class Table:
    """Rows, with the part of them that an address asks for.

    Addresses say ``sort`` (a column's name, after ``-`` for the reverse), ``search``, ``show`` (rows of a
    page, or ``all``) and ``page``. What they ask for that there is not is left out, never an error: an old
    link goes on leading to the list.

    Attributes
    ----------
    columns
        In their order on the page.
    rows
        A query, or rows at hand.
    sent
        What the address says.
    kept
        What else the address says, such as filters, that the table's links must say again.
    order
        What it is sorted by if the address does not say.
    size
        Rows of a page if the address does not say; 0 for all.
    label
        What it lists, for people who cannot see it, and for the name of an exported file.
    prefix
        Before every name in the address, where a page has several tables.
    picks
        Check boxes, if rows can be ticked.
    anchor
        The id of what holds the table, a panel that the links should leave open, say.
    """

    columns: Sequence[Column]
    rows: QuerySet[Any] | Sequence[Any]
    sent: Mapping[str, str]
    kept: Mapping[str, str] = field(default_factory=dict)
    order: str = ""
    size: int = 200
    label: str = "Entries"
    prefix: str = ""
    picks: Picks | None = None
    anchor: str = ""

    @cached_property
    def found(self) -> "QuerySet[Any] | list[Any]":
        """All rows that are searched for, sorted."""
        return self._sorted(self._searched(self.rows))

    @cached_property
    def page(self) -> Page[Any]:
        """The rows of the page that is asked for; of the nearest one if there is no such page."""
        size = self.page_size or max(1, len(self.found))
        return Paginator(self.found, size).get_page(self._asked("page"))

    @property
    def cells(self) -> Iterator[list[Cell]]:
        """What is printed, row by row."""
        return ([column.cell(row) for column in self.columns] for row in self.page)

    @property
    def lines(self) -> Iterator[Line]:
        """What is printed, row by row, with what a check box stands for."""
        pick = self.picks.value if self.picks else lambda row: ""
        return (Line([column.cell(row) for column in self.columns], pick(row)) for row in self.page)

    @property
    def heads(self) -> list[Head]:
        """The heads of the columns."""
        return [self._head(column) for column in self.columns]

    @property
    def searched(self) -> str:
        """What is searched for."""
        return self._asked("search")[:LONGEST_SEARCH].replace("\0", "").strip()

    @property
    def is_searchable(self) -> bool:
        """Whether there is anything to search in."""
        return any(column.search for column in self.columns)

    @property
    def page_size(self) -> int:
        """Rows of a page; 0 for all."""
        asked = self._asked("show")
        if asked == "all":
            return 0
        return int(asked) if asked in map(str, SIZES) else self.size

    @property
    def sizes(self) -> list[tuple[str, str, bool]]:
        """The sizes of a page to choose from: value, label, and whether it is the present one."""
        known = sorted({*SIZES, self.size} - {0})
        shown = [(str(size), str(size), size == self.page_size) for size in known]
        return [*shown, ("all", "All", self.page_size == 0)]

    @property
    def state(self) -> dict[str, str]:
        """What the address says, so that a form may say it again."""
        asked = {self.prefix + name: self._asked(name) for name in ("sort", "search", "show")}
        return {**self.kept, **{name: value for name, value in asked.items() if value}}

    @property
    def state_but_form(self) -> dict[str, str]:
        """What the form of the table does not ask itself."""
        own = (f"{self.prefix}search", f"{self.prefix}show")
        return {name: value for name, value in self.state.items() if name not in own}

    def with_page(self, number: int) -> str:
        """Return the address of another page of it."""
        return self._address(page=str(number))

    @property
    def previous(self) -> str:
        """Return the address of the page before, empty if there is none."""
        return self.with_page(self.page.previous_page_number()) if self.page.has_previous() else ""

    @property
    def next(self) -> str:
        """Return the address of the page after, empty if there is none."""
        return self.with_page(self.page.next_page_number()) if self.page.has_next() else ""

    @property
    def exports(self) -> list[tuple[str, str]]:
        """The formats it is exported in, and their addresses."""
        return [(name.upper(), self._address(format=name)) for name in FORMATS]

    def _asked(self, name: str) -> str:
        return str(self.sent.get(self.prefix + name, ""))

    def _address(self, **changes: str) -> str:
        said = {**self.state, **{self.prefix + name: value for name, value in changes.items()}}
        return f"?{urlencode(said)}{f'#{self.anchor}' if self.anchor else ''}"

    def _head(self, column: Column) -> Head:
        is_by_it = self._order[0] is column
        is_reversed = is_by_it and self._order[1]
        order = ("descending" if is_reversed else "ascending") if is_by_it else ""
        wanted = column.name if is_reversed or not is_by_it else f"-{column.name}"
        address = self._address(sort=wanted) if column.sort else ""
        return Head(column.label, column.look, address, order)

    @cached_property
    def _order(self) -> tuple[Column | None, bool]:
        """The column it is sorted by, and whether in reverse."""
        sortable = {column.name: column for column in self.columns if column.sort}
        for asked in (self._asked("sort"), self.order):
            if column := sortable.get(asked.removeprefix("-")):
                return column, asked.startswith("-")
        return None, False

    def _searched(self, rows: QuerySet[Any] | Sequence[Any]) -> QuerySet[Any] | Sequence[Any]:
        text = self.searched
        columns = [column for column in self.columns if column.search]
        if not text or not columns:
            return rows
        if isinstance(rows, QuerySet):
            return rows.filter(reduce(or_, (Q((column.search, text)) for column in columns)))
        wanted = text.casefold()
        return [row for row in rows if any(wanted in _plain(column.shown(row)) for column in columns)]

    def _sorted(self, rows: QuerySet[Any] | Sequence[Any]) -> QuerySet[Any] | list[Any]:
        column, is_reversed = self._order
        if isinstance(rows, QuerySet):
            if column is None:
                return rows
            # Rows that are equal keep one order, or a page would repeat what another one had.
            sign = "-" if is_reversed else ""
            return rows.order_by(sign + column.sort, f"{sign}pk")
        if column is None:
            return list(rows)
        value = column.value
        return sorted(rows, key=lambda row: _place(value(row)), reverse=is_reversed)


def _plain(text: str) -> str:
    """Return what people read of a printed text, for comparing: of one that is markup already, its words."""
    return (unescape(strip_tags(text)) if isinstance(text, SafeString) else text).casefold()


def _place(value: Any) -> tuple[bool, Any]:
    """Return what values are ordered by: None before all others, and nothing compared with another type."""
    if value is None:
        return (False, "")
    return (True, value.casefold() if isinstance(value, str) else value)
