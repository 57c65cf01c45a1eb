"""One table, sorted, searched and paged by its address."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from html import unescape
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from apps.core.tables.columns import Cell, Column
from apps.core.tables.markup import row_markup
from apps.core.text_indexes import TextIndex

SIZES = (50, 200, 1000)  # rows of a page
MOST = 2000  # rows of a page that shows all; the rest is on further pages, and in the exports
MOST_FOUND = 5000  # rows of a query of wide rows that the pages of a search show; the exports have all
LONGEST_SEARCH = 200  # characters
FORMATS = ("csv", "json")


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column, and the address that sorts by it; empty if the column cannot be sorted."""

    label: str
    look: str
    address: str
    order: str  # The value of ``aria-sort``; empty if the table is not sorted by it.


@dataclass(frozen=True, slots=True)
class Picks:
    """Check boxes in the last column, and a button in its head that sends the ticked rows.

    Attributes
    ----------
    address
        Address of the button, by GET. Each ticked row adds one ``file``.
    value
        Returns the value of a row's box; empty for rows without a box.
    """

    address: str
    value: Callable[[Any], str]
    label: str = "diff"


@dataclass(frozen=True, slots=True)
class TableLine:
    """One row as a page prints it. `pick` is the value of its check box; empty if it has none."""

    cells: list[Cell]
    pick: str = ""


class _ByKeys(Paginator):  # type: ignore[type-arg]  # Django's class takes no parameters at run time.
    """Pages of a query that reads the keys of a page before its rows."""

    def page(self, number: int | str) -> Page[Any]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows: Any = self.object_list
        keys = list(rows.values_list("pk", flat=True)[start : start + self.per_page])
        found = rows.in_bulk(keys)
        return Page([found[key] for key in keys if key in found], number, self)


class _FirstFound(Paginator):  # type: ignore[type-arg]
    """Pages of a search that stops at `MOST_FOUND` rows. Counting all would read every row a second time."""

    @cached_property
    def keys(self) -> list[Any]:
        """The keys of the rows, and of one more if there are more."""
        rows: Any = self.object_list
        return list(rows.values_list("pk", flat=True)[: MOST_FOUND + 1])

    @cached_property
    def count(self) -> int:
        """The number of rows that pages show."""
        return min(len(self.keys), MOST_FOUND)

    def page(self, number: int | str) -> Page[Any]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = self.keys[start : min(start + self.per_page, self.count)]
        rows: Any = self.object_list
        found = rows.in_bulk(keys)
        return Page([found[key] for key in keys if key in found], number, self)


@dataclass
class Table:
    """Rows, with the part of them that an address asks for.

    Addresses may have ``sort`` (a column's name, after ``-`` for the reverse), ``search``, ``show`` (rows of
    a page, or ``all``) and ``page``. Unknown values are ignored and never an error, so old links still open
    the list.

    Attributes
    ----------
    columns
        The columns in their order on the page.
    rows
        A query or a sequence of rows.
    sent
        Parameters of the address.
    kept
        Other parameters of the address, such as filters, that the table's links must repeat.
    order
        Default sort order, for an address without ``sort``.
    size
        Default number of rows of a page, for an address without ``show``; 0 for all.
    label
        Name of the table, for people who cannot see it, and for the name of an exported file.
    prefix
        Prefix of every parameter in the address, if a page has several tables.
    picks
        Check boxes, if rows can be ticked.
    anchor
        Id of the element that holds the table, such as a panel that the links should leave open.
    is_wide
        Whether the rows of a query are wide. Then the keys of a page are read first, which an index may give,
        and then only the rows of the page.
    light_row
        A named tuple of the columns that the values of the table's columns need. Exports of a query make it
        instead of rows, which take several times as long.
    index
        For rows of the database, an index of all columns that can be searched.
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
    is_wide: bool = False
    light_row: Any = None
    index: TextIndex | None = None

    @cached_property
    def found(self) -> "QuerySet[Any] | list[Any]":
        """All rows that match the search, sorted."""
        return self._sorted(self._searched(self.rows))

    @cached_property
    def page(self) -> Page[Any]:
        """The rows of the requested page, or of the nearest existing page."""
        is_by_keys = self.is_wide and isinstance(self.found, QuerySet)
        paginator = (_FirstFound if self.searched else _ByKeys) if is_by_keys else Paginator
        return paginator(self.found, self.page_size or MOST).get_page(self._given("page"))

    @property
    def is_cut(self) -> bool:
        """The fact that a search found more rows than pages show."""
        paginator = self.page.paginator
        return isinstance(paginator, _FirstFound) and len(paginator.keys) > paginator.count

    @property
    def is_capped(self) -> bool:
        """The fact that a page that should show all rows shows only the first of them."""
        return not self.page_size and self.page.paginator.num_pages > 1

    @property
    def cells(self) -> Iterator[list[Cell]]:
        """The printed cells, row by row."""
        return ([column.cell(row) for column in self.columns] for row in self.page)

    @property
    def lines(self) -> Iterator[TableLine]:
        """The printed cells, row by row, with the value of the check box."""
        pick = self.picks.value if self.picks else lambda row: ""
        return (TableLine([column.cell(row) for column in self.columns], pick(row)) for row in self.page)

    @property
    def printed_rows(self) -> Iterator[SafeString]:
        """The rows as markup."""
        return (row_markup(line.cells, line.pick if self.picks else None) for line in self.lines)

    @property
    def heads(self) -> list[Head]:
        """The heads of the columns."""
        return [self._head(column) for column in self.columns]

    @property
    def searched(self) -> str:
        """The text to search for."""
        return self._given("search")[:LONGEST_SEARCH].replace("\0", "").strip()

    @property
    def is_searchable(self) -> bool:
        """Return whether any column can be searched."""
        return any(column.search for column in self.columns)

    @property
    def page_size(self) -> int:
        """Rows of a page; 0 for all."""
        given = self._given("show")
        if given == "all":
            return 0
        return int(given) if given in map(str, SIZES) else self.size

    @property
    def sizes(self) -> list[tuple[str, str, bool]]:
        """The page sizes to choose from: value, label, and whether it is the current one."""
        known = sorted({*SIZES, self.size} - {0})
        shown = [(str(size), str(size), size == self.page_size) for size in known]
        return [*shown, ("all", "All", self.page_size == 0)]

    @property
    def state(self) -> dict[str, str]:
        """The parameters of the address, for a form to repeat."""
        given = {self.prefix + name: self._given(name) for name in ("sort", "search", "show")}
        return {**self.kept, **{name: value for name, value in given.items() if value}}

    @property
    def state_but_form(self) -> dict[str, str]:
        """The parameters of the address that are not fields of the table's form."""
        own = (f"{self.prefix}search", f"{self.prefix}show")
        return {name: value for name, value in self.state.items() if name not in own}

    def with_page(self, number: int) -> str:
        """Return the address of another page of the table."""
        return self._address(page=str(number))

    @property
    def previous(self) -> str:
        """The address of the previous page; empty if there is none."""
        return self.with_page(self.page.previous_page_number()) if self.page.has_previous() else ""

    @property
    def next(self) -> str:
        """The address of the next page; empty if there is none."""
        return self.with_page(self.page.next_page_number()) if self.page.has_next() else ""

    @property
    def exports(self) -> list[tuple[str, str]]:
        """The export formats and their addresses."""
        return [(name.upper(), self._address(format=name)) for name in FORMATS]

    def _given(self, name: str) -> str:
        return str(self.sent.get(self.prefix + name, ""))

    def _address(self, **changes: str) -> str:
        query = {**self.state, **{self.prefix + name: value for name, value in changes.items()}}
        return f"?{urlencode(query)}{f'#{self.anchor}' if self.anchor else ''}"

    def _head(self, column: Column) -> Head:
        is_by_it = self._order[0] is column
        is_reversed = is_by_it and self._order[1]
        order = ("descending" if is_reversed else "ascending") if is_by_it else ""
        wanted = column.name if is_reversed or not is_by_it else f"-{column.name}"
        address = self._address(sort=wanted) if column.sort else ""
        return Head(column.label, column.look, address, order)

    @cached_property
    def _order(self) -> tuple[Column | None, bool]:
        """The column that sorts the table, and whether the order is reversed."""
        sortable = {column.name: column for column in self.columns if column.sort}
        for given in (self._given("sort"), self.order):
            if column := sortable.get(given.removeprefix("-")):
                return column, given.startswith("-")
        return None, False

    def _searched(self, rows: QuerySet[Any] | Sequence[Any]) -> QuerySet[Any] | Sequence[Any]:
        """Return the rows in which each word of the search is part of some column."""
        words = self.searched.split()
        columns = [column for column in self.columns if column.search]
        if not words or not columns:
            return rows
        if isinstance(rows, QuerySet):
            rows = rows if self.index is None else self.index.narrowed(rows, words)
            conditions = [reduce(or_, (column.matching(word) for column in columns)) for word in words]
            return rows.filter(*conditions)
        wanted = [word.casefold() for word in words]
        return [row for row in rows if _has_all(wanted, [_plain(column.searched(row)) for column in columns])]

    def _sorted(self, rows: QuerySet[Any] | Sequence[Any]) -> QuerySet[Any] | list[Any]:
        column, is_reversed = self._order
        if isinstance(rows, QuerySet):
            if column is None:
                return rows
            # Equal rows need a fixed order, or a row could appear on two pages.
            sign = "-" if is_reversed else ""
            return rows.order_by(sign + column.sort, f"{sign}pk")
        if column is None:
            return list(rows)
        value = column.value
        return sorted(rows, key=lambda row: _place(value(row)), reverse=is_reversed)


def _has_all(words: Sequence[str], texts: Sequence[str]) -> bool:
    return all(any(word in text for text in texts) for word in words)


def _plain(text: str) -> str:
    """Return a printed text for comparison: in lower case, and without markup if it has any."""
    return (unescape(strip_tags(text)) if isinstance(text, SafeString) else text).casefold()


def _place(value: Any) -> tuple[bool, Any]:
    """Return the sort key of a value. None is before all others and is never compared with them."""
    if value is None:
        return (False, "")
    return (True, value.casefold() if isinstance(value, str) else value)
