"""The references that differ between the rules of one type under two contexts, case by case.

The differences in the words of the client (`logical`) name lines of the rules. These name what people ask:
which reference is new, which one applied before, for which match case, and from when until when.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from apps.rules.lookup.dated_cases import NO_DATES, DatedCase, Names, dated_cases
from apps.rules.lookup.rules_as_rows import Listing


class ChangeKind(StrEnum):
    """The kinds of changes."""

    ADDED = "added"
    REPLACED = "replaced"
    REMOVED = "removed"
    MOVED = "moved"  # A reference that both contexts use, for other cases or dates than before.


@dataclass(frozen=True, slots=True)
class MatchCase:
    """One match case with the time for which its reference changed.

    Attributes
    ----------
    values
        Title of the parkey and its value; those without a value are left out.
    since, until
        First moment (inclusive) and end (exclusive), as the rules write dates. `since` is empty if the rules
        of the case have no date, and `until` if no later date follows.
    """

    values: tuple[tuple[str, str], ...]
    since: str
    until: str

    @property
    def text(self) -> str:
        """The values for people."""
        return ", ".join(f"{title} {value}" for title, value in self.values)


@dataclass(frozen=True, slots=True)
class ChangedReference:
    """A reference that was added, replaced or removed, with all cases that it concerns.

    Attributes
    ----------
    old, new
        The references, or the word in their place, that applied at the start of the cases before and after.
        Empty if nothing applied.
    """

    change: ChangeKind
    old: Names
    new: Names
    cases: tuple[MatchCase, ...]

    @property
    def references(self) -> Names:
        """The references that the change is about: the new ones, or those that were removed."""
        return self.old if self.change == ChangeKind.REMOVED else self.new


def reference_changes(old: Listing, new: Listing) -> list[ChangedReference]:
    """Return what changed between two listings of one type, in the order of the new rules.

    A reference is added if the old rules do not name it at all, and removed if the new rules do not. If both
    name it and its cases changed, such as after a change of parkeys, it was moved. That gives one entry with
    the new cases, or with the cases that are gone if there are no new ones.

    Examples
    --------
    >>> from apps.rules.lookup.rules_as_rows import Key, RuleRow
    >>> keys = (Key("FILTER", ("FILTER",), "Match"), Key("USEAFTER", ("DATE-OBS",), "UseAfter"))
    >>> before = Listing(keys, (RuleRow(("F1", "2020-01-01"), ("a.fits",)),))
    >>> after = Listing(keys, (*before.rows, RuleRow(("F1", "2021-01-01"), ("b.fits",))))
    >>> [(each.change.value, each.old, each.new) for each in reference_changes(before, after)]
    [('added', ('a.fits',), ('b.fits',))]
    """
    before, after = dated_cases(old), dated_cases(new)
    named_before, named_after = _named(old), _named(new)
    found: dict[tuple[ChangeKind, Names, Names], list[MatchCase]] = {}
    for values in {**after, **before}:
        own = (before.get(values, NO_DATES), after.get(values, NO_DATES))
        for change, was, is_now, since, until in _changes(*own):
            key = (change, was, is_now)
            if change == ChangeKind.ADDED and named_before.issuperset(is_now):
                key = (ChangeKind.MOVED, is_now, is_now)
            if change == ChangeKind.REMOVED and named_after.issuperset(was):
                key = (ChangeKind.MOVED, was, was)
            cases = found.setdefault(key, [])
            if key[0] != ChangeKind.MOVED or change == ChangeKind.ADDED or not cases:
                cases.append(MatchCase(values, since, until))
    return [ChangedReference(*key, tuple(cases)) for key, cases in found.items()]


def _named(listing: Listing) -> set[str]:
    return {name for row in listing.rows for name in row.references or (row.word,)}


def _changes(old: DatedCase, new: DatedCase) -> Iterator[tuple[ChangeKind, Names, Names, str, str]]:
    """Yield kind, old and new references, start and end of each change of one match case."""
    ends = new.ends
    for date in new.dates:
        if date not in old.names:
            yield ChangeKind.ADDED, old.at(date), new.names[date], date, ends.get(date, "")
        elif old.names[date] != new.names[date]:
            yield ChangeKind.REPLACED, old.names[date], new.names[date], date, ends.get(date, "")
    ends = old.ends
    for date in old.dates:
        if date not in new.names:
            yield ChangeKind.REMOVED, old.names[date], new.at(date), date, ends.get(date, "")
