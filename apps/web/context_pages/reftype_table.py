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
from apps.rules.lookup.rules_as_rows import Listing, RuleRow
from apps.web.context_pages.timeline import STATE

CHUNK = 500  # names in one query; databases bound the number of parameters
NO_DATE = "--"
LONGEST = 30  # characters of a value on one line


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A reference in the rules, or the word in its place."""

    values: tuple[str, ...]
    reference: str
    word: str


@dataclass(frozen=True, slots=True)
class ReferenceFact:
    """The facts that the catalog has about one reference."""

    activated_at: datetime | None
    is_bad: bool


_UNKNOWN = ReferenceFact(None, is_bad=False)


class ReferenceFacts:
    """The facts that the catalog has about the references of one type, loaded when they are needed.

    A page of a table loads the facts of its own rows. Sorting by a fact, searching and exporting load all.
    """

    def __init__(self, names: Iterable[str], *, instrument: str, reftype: str) -> None:
        self._names = frozenset(names)
        self._type = {"instrument": instrument, "filekind": reftype}
        self._found: dict[str, ReferenceFact] = {}

    def of(self, name: str) -> ReferenceFact:
        """Return the facts of a reference; if they are not loaded yet, load those of all references."""
        if name not in self._found:
            self._load_all()
        return self._found.get(name, _UNKNOWN)

    def load(self, names: Iterable[str]) -> None:
        """Load the facts of `names`, many with each query."""
        missing = sorted(set(names) - self._found.keys())
        for start in range(0, len(missing), CHUNK):
            self._found.update(_facts(name__in=missing[start : start + CHUNK]))
        self._found.update((name, _UNKNOWN) for name in missing if name not in self._found)

    def _load_all(self) -> None:
        """Load the whole type with one query, then references that are catalogued under another type."""
        self._found.update(_facts(kind=FileKind.REFERENCE, **self._type))
        self.load(self._names)


def _facts(**wanted: Any) -> dict[str, ReferenceFact]:
    rows = File.objects.filter(**wanted).values_list("name", "activated_at", "rejected", "blacklisted")
    return {name: ReferenceFact(activated, rejected or listed) for name, activated, rejected, listed in rows}


def lines_of(listing: Listing) -> list[RuleLine]:
    """Return a line for each reference, and for each word in place of references."""
    return [RuleLine(row.values, name, row.word) for row in listing.rows for name in _names(row)]


def names_of(listing: Listing) -> list[str]:
    """Return the references of all rows in order, repeats included."""
    return [name for row in listing.rows for name in row.references]


def _names(row: RuleRow) -> tuple[str, ...]:
    return row.references or ("",)


def table_of(
    listing: Listing, facts: ReferenceFacts, sent: Mapping[str, str], *, label: str, size: int = 200
) -> Table:
    """Return the table that an address asks for, with the facts of the shown page loaded."""
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
    """Return a value with spaces in a long list of alternatives, so that browsers can break it."""
    return value.replace("|", " | ") if len(value) > LONGEST else value


def _activation(facts: ReferenceFacts) -> Column:
    def shown(line: RuleLine) -> str:
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


def _reference(facts: ReferenceFacts) -> Column:
    def is_bad(line: RuleLine) -> bool:
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
