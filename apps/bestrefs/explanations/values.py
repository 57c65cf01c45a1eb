"""An explanation as values, which a page, JSON and text print alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from apps.bestrefs.explanations.wording import shortened
from apps.bestrefs.queries import NOT_FOUND
from apps.rules.conditioning import condition_value
from apps.rules.lookup.compiled_selectors import NA
from apps.rules.lookup.lookup_record import DateTrace


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing the rules say about when the type applies, and what the header has for it."""

    title: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parkey that cases are told apart by.

    Attributes
    ----------
    parkey, title
        As in the rules, and its short name.
    given
        As in the header.
    compared
        After all rewriting.
    known
        Values the cases name, at most `LISTED`; empty where they are more than a list of names.
    rules_out
        Number of cases it rules out.
    is_unknown
        Whether the value is none of those known.
    """

    parkey: str
    title: str
    given: str
    compared: str
    known: tuple[str, ...]
    known_count: int
    rules_out: int
    is_unknown: bool

    @property
    def is_changed(self) -> bool:
        """Whether another value was compared than the header has."""
        return condition_value(self.given) != self.compared


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the rules.

    Attributes
    ----------
    key
        Short name of the parkey to what the case wants, without parkeys it does not care for.
    weight
        Number of parkeys that count for it.
    place
        1 for the best of those that fit, equal for equals; 0 for cases that do not fit.
    missed
        What rules it out: short name, what it wants in words, what the header has.
    leads_to
        References it can lead to, at most a few.
    """

    key: Mapping[str, str]
    weight: int
    place: int
    missed: tuple[tuple[str, str, str], ...]
    leads_to: tuple[str, ...]
    is_winner: bool = False

    @property
    def shown_key(self) -> list[tuple[str, str]]:
        """The key for people: of long lists the first values only."""
        return [(name, shortened(element)) for name, element in self.key.items()]


@dataclass(frozen=True, slots=True)
class Search:
    """One search through the cases; where a fallback hook changed the header there are two."""

    parameters: tuple[Parameter, ...]
    fitting: tuple[Case, ...]
    nearest: tuple[Case, ...]
    case_count: int
    not_shown: tuple[tuple[int, int], ...]
    dates: tuple[DateTrace, ...]
    complaint: str

    @property
    def chosen(self) -> DateTrace | None:
        """The search through dates that found something."""
        return next((dates for dates in self.dates if dates.chosen is not None), None)

    @property
    def hidden(self) -> int:
        """Number of cases that are not shown."""
        return sum(count for _mismatches, count in self.not_shown)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one type has its answer.

    Attributes
    ----------
    answer
        As on the wire; None if the type is left out.
    mapping
        The rmap that decides, or the special value that stands in its place.
    verdict
        The reason in a sentence.
    hint
        What would have to be otherwise, empty where a reference was found.
    notes
        What the rules did with the header, in order.
    """

    reftype: str
    description: str
    answer: str | None
    mapping: str
    verdict: str
    hint: str
    criteria: tuple[Criterion, ...]
    notes: tuple[str, ...]
    searches: tuple[Search, ...]

    @property
    def reference(self) -> str:
        """The reference, empty if there is none."""
        return "" if self.answer is None or self.answer.startswith(NOT_FOUND) else self.answer

    @property
    def outcome(self) -> str:
        """What came out, in a word: found, n/a, omitted or not found."""
        if self.reference:
            return "found"
        return {None: "omitted", NA: "n/a"}.get(self.answer, "not found")

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**asdict(self), "outcome": self.outcome}
