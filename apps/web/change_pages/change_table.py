"""The changes between two contexts as a table of references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.catalog.addresses import file_page
from apps.core.tables import CellPart, Column, Table
from apps.core.tables.columns import EXPORTED
from apps.rules.differences import ChangedReference, ChangeKind, MatchCase
from apps.rules.text.special_values import SPECIAL
from apps.web.change_pages.context_changes import TypeChanges
from apps.web.change_pages.file_links import breakable, thumbnail_of
from apps.web.change_pages.reference_facts import CatalogueFacts, DeliveryFacts

SIZE = 50  # rows of a page
CASES = 12  # match cases that a row lists; the exports have all
LONGEST_REASON = 200  # characters on the page
_BAD = SafeString(' <span class="badge bad">bad</span>')
_ANY = ("N/A", "*")
BADGES = {
    ChangeKind.ADDED: "good",
    ChangeKind.REPLACED: "warn",
    ChangeKind.REMOVED: "bad",
    ChangeKind.MOVED: "calm",
}


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One changed reference of one type."""

    instrument: str
    reftype: str
    change: ChangedReference
    facts: CatalogueFacts

    @property
    def named(self) -> str:
        """The reference whose delivery explains the change; empty if there is none."""
        return next((name for name in self.change.references if name not in SPECIAL), "")

    @property
    def delivery(self) -> DeliveryFacts:
        """The facts about the delivery of the reference."""
        return self.facts.of(self.named)

    @property
    def first(self) -> MatchCase:
        """The case with the earliest date."""
        return min(self.change.cases, key=lambda case: case.since)

    @property
    def last(self) -> MatchCase:
        """The case that ends last; one without an end ends after all others."""
        return max(self.change.cases, key=lambda case: case.until or "9")


def rows_of(types: Sequence[TypeChanges], facts: CatalogueFacts) -> list[ChangeRow]:
    """Return a row for each changed reference of the types."""
    return [
        ChangeRow(each.instrument, each.reftype, change, facts) for each in types for change in each.changes
    ]


def facts_of(types: Sequence[TypeChanges]) -> CatalogueFacts:
    """Return the facts about all references of the changes, of which none is loaded yet."""
    return CatalogueFacts(
        name for each in types for change in each.changes for name in (*change.old, *change.new)
    )


def change_table(
    types: Sequence[TypeChanges], sent: Mapping[str, str], *, kept: Mapping[str, str], label: str
) -> Table:
    """Return the table that an address asks for, with the facts about the references of its page loaded."""
    facts = facts_of(types)
    table = Table(COLUMNS, rows_of(types, facts), sent, kept=kept, size=SIZE, label=label)
    if not sent.get("format"):
        facts.load(name for row in table.page for name in (*row.change.old, *row.change.new))
    return table


def _names(names: Sequence[str]) -> str:
    return " ".join(names)


def _linked(row: ChangeRow, names: Sequence[str]) -> SafeString:
    return format_html_join(" ", "{}", ((_one(row.facts.of(name), name),) for name in names))


def _one(facts: DeliveryFacts, name: str) -> SafeString:
    if name in SPECIAL:
        return format_html("{}", name)
    bad = _BAD if facts.is_bad else ""
    inner = (file_page(name), thumbnail_of(facts.sha1sum), breakable(name), bad)
    return format_html('<a class="file" href="{}">{}{}</a>{}', *inner)


def _cases(row: ChangeRow) -> list[CellPart]:
    """Return the match cases as people read them; the dates are left out if the row has one case only."""
    cases, is_one = row.change.cases, len(row.change.cases) == 1
    shown = "; ".join(
        _short_case(case) if is_one else _case(case, _short_case(case)) for case in cases[:CASES]
    )
    more = len(cases) - CASES
    return [CellPart(f"{shown}; and {more} more in the exports" if more > 0 else shown)]


def _short_case(case: MatchCase) -> str:
    """Return the values that say something: ``N/A`` and ``*`` match every exposure."""
    return (
        ", ".join(f"{title} {value}" for title, value in case.values if value not in _ANY) or "every exposure"
    )


def _case(case: MatchCase, values: str = "") -> str:
    return f"{values or case.text or 'every exposure'} from {_day(case.since) or 'any date'}"


def _all_cases(row: ChangeRow) -> str:
    return "; ".join(map(_case, row.change.cases))


def _heading(row: ChangeRow) -> str:
    number = len(row.change.cases)
    return f"{number} match cases" if number > 1 else ""


def _day(moment: str) -> str:
    return moment.removesuffix(" 00:00:00")


def _dates(row: ChangeRow) -> str:
    since, until = _day(row.first.since) or "any date", _day(row.last.until)
    return f"{since} to {until}" if until else f"from {since}"


def _delivered(row: ChangeRow) -> str:
    facts = row.delivery
    if facts.delivered_at is None:
        return ""
    return f"{facts.delivered_at:%Y-%m-%d}{f' by {facts.deliverer}' if facts.deliverer else ''}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 1]}…"


def _references_column(side: str, label: str) -> Column:
    """Return the column of the references on one side of a change, ``old`` or ``new``."""
    return Column(
        side,
        label,
        lambda row: _names(getattr(row.change, side)),
        sort="value",
        search=EXPORTED,
        text=lambda row: _linked(row, getattr(row.change, side)) or "nothing",
        look="code",
    )


COLUMNS = (
    Column("instrument", "Instrument", lambda row: row.instrument, sort="value", search=EXPORTED),
    Column("type", "Type", lambda row: row.reftype, sort="value", search=EXPORTED),
    Column(
        "change",
        "Change",
        lambda row: row.change.change.value,
        sort="value",
        badge=lambda row: BADGES[row.change.change],
    ),
    _references_column("old", "Before"),
    _references_column("new", "After"),
    Column(
        "cases",
        "Match cases",
        _all_cases,
        search=EXPORTED,
        parts=_cases,
        heading=_heading,
        look="long",
    ),
    Column("since", "Applies", lambda row: row.first.since, sort="value", text=_dates, look="moment"),
    Column(
        "delivered",
        "Delivered (UTC)",
        lambda row: row.delivery.delivered_at,
        text=_delivered,
        missing="unknown",
    ),
    Column(
        "reason",
        "Reason",
        lambda row: row.delivery.why,
        search=EXPORTED,
        text=lambda row: _short(row.delivery.why),
        look="long",
    ),
)
