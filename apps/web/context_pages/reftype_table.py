"""The table of one reference type under one context."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from apps.catalog.addresses import file_page
from apps.catalog.models import File
from apps.catalog.states import FileKind
from apps.core.tables import Column, Picks, Table
from apps.rules.lookup.rules_as_rows import Listing, Row
from apps.web.context_pages.timeline import STATE

CHUNK = 500  # names in one query; databases bound the number of parameters
NO_DATE = "--"
LONGEST = 30  # characters of a value on one line


@dataclass(frozen=True, slots=True)
class Line:
    """One reference of the rules, or the word they have instead."""

    values: tuple[str, ...]
    reference: str
    word: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What the catalog says of a reference."""

    activated_at: datetime | None
    is_bad: bool


_UNKNOWN = Fact(None, is_bad=False)


class Facts:
    """What the catalog says of the references of one type, asked for many at once and when it is needed.

    A page of a table needs those on it alone; to sort by them, to search or to export takes all.
    """

    def __init__(self, names: Iterable[str], *, instrument: str, reftype: str) -> None:
        self._names = frozenset(names)
        self._type = {"instrument": instrument, "filekind": reftype}
        self._found: dict[str, Fact] = {}

    def of(self, name: str) -> Fact:
        """Return what is known of a reference; what was not loaded yet is loaded with all others."""
        if name not in self._found:
            self._load_all()
        return self._found.get(name, _UNKNOWN)

    def load(self, names: Iterable[str]) -> None:
        """Ask for these references at once."""
        missing = sorted(set(names) - self._found.keys())
        for start in range(0, len(missing), CHUNK):
            self._found.update(_facts(name__in=missing[start : start + CHUNK]))
        self._found.update((name, _UNKNOWN) for name in missing if name not in self._found)

    def _load_all(self) -> None:
        """Ask for the whole type, which is one query, and then for what is catalogued elsewhere."""
        self._found.update(_facts(kind=FileKind.REFERENCE, **self._type))
        self.load(self._names)


def _facts(**wanted: Any) -> dict[str, Fact]:
    rows = File.objects.filter(**wanted).values_list("name", "activated_at", "rejected", "blacklisted")
    return {name: Fact(activated, rejected or listed) for name, activated, rejected, listed in rows}


def lines_of(listing: Listing) -> list[Line]:
    """Return a line for each reference, and one for each word."""
    return [Line(row.values, name, row.word) for row in listing.rows for name in _names(row)]


def names_of(listing: Listing) -> list[str]:
    """Return the references of all rows, in their order and with repeats."""
    return [name for row in listing.rows for name in row.references]


def _names(row: Row) -> tuple[str, ...]:
    return row.references or ("",)


def table_of(
    listing: Listing, facts: Facts, sent: Mapping[str, str], *, label: str, size: int = 200
) -> Table:
    """Return the table that an address asks for, with what the catalog says of its page at hand."""
    columns = [*_key_columns(listing), _activation(facts), _reference(facts)]
    picks = Picks(reverse("web:compare"), lambda line: str(line.reference))
    kept = {name: sent[name] for name in STATE if sent.get(name)}
    table = Table(columns, lines_of(listing), sent, kept, label=label, size=size, picks=picks)
    if not sent.get("format"):
        facts.load(line.reference for line in table.page if line.reference)
    return table


def _key_columns(listing: Listing) -> list[Column]:
    return [
        _key_column(place, key.title, is_date=key.kind == "UseAfter")
        for place, key in enumerate(listing.keys)
    ]


def _key_column(place: int, title: str, *, is_date: bool) -> Column:
    return Column(
        title.lower(),
        title,
        lambda line: line.values[place],
        sort="value",
        search="value",
        text=lambda line: _breakable(line.values[place]) or (NO_DATE if is_date else ""),
        look="moment" if is_date else "",
    )


def _breakable(value: str) -> str:
    """Return a value so that a long list of alternatives can be broken into lines."""
    return value.replace("|", " | ") if len(value) > LONGEST else value


def _activation(facts: Facts) -> Column:
    def shown(line: Line) -> str:
        moment = facts.of(line.reference).activated_at if line.reference else None
        return f"{moment:%Y-%m-%d}" if moment else NO_DATE

    return Column(
        "activation_date",
        "ACTIVATION DATE",
        lambda line: facts.of(line.reference).activated_at if line.reference else None,
        sort="value",
        text=shown,
        look="moment",
    )


def _reference(facts: Facts) -> Column:
    def is_bad(line: Line) -> bool:
        return bool(line.reference) and facts.of(line.reference).is_bad

    return Column(
        "reference",
        "REFERENCE",
        lambda line: line.reference or line.word,
        sort="value",
        search="value",
        address=lambda line: file_page(line.reference) if line.reference else "",
        text=lambda line: f"{line.reference or line.word}{' (bad)' if is_bad(line) else ''}",
        badge=lambda line: "bad" if is_bad(line) else "",
        look="code",
    )
