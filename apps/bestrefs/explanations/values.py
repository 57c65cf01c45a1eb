"""The values of an explanation, which a page, JSON and text all print."""

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
    """One condition in the rules of a type, and the header's values for it."""

    title: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExplainedParameter:
    """One parkey that cases are selected by.

    Attributes
    ----------
    parkey, title
        Name in the rules, and short name.
    given
        Value in the header.
    compared
        Value after all rewriting.
    known
        Values in the cases, at most `LISTED`; empty where the cases are not only names.
    rules_out
        Number of cases that this parkey rules out.
    is_unknown
        Whether the value is not among the known values.
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
        """Return whether the compared value differs from the header's value."""
        return condition_value(self.given) != self.compared


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the rules.

    Attributes
    ----------
    key
        Short name of the parkey to the value the case wants, without parkeys that it ignores.
    weight
        Number of parkeys that count for it.
    place
        1 for the best fitting case; equally good cases share a place; 0 for a case that does not fit.
    missed
        Parkeys that rule the case out: short name, wanted value in words, value in the header.
    leads_to
        References the case can select, at most three.
    """

    key: Mapping[str, str]
    weight: int
    place: int
    missed: tuple[tuple[str, str, str], ...]
    leads_to: tuple[str, ...]
    is_winner: bool = False

    @property
    def shown_key(self) -> list[tuple[str, str]]:
        """The key for people: long lists are shortened to their first values."""
        return [(name, shortened(element)) for name, element in self.key.items()]


@dataclass(frozen=True, slots=True)
class Search:
    """One search through the cases; a fallback hook that changes the header causes a second search."""

    parameters: tuple[ExplainedParameter, ...]
    fitting: tuple[Case, ...]
    nearest: tuple[Case, ...]
    case_count: int
    not_shown: tuple[tuple[int, int], ...]
    dates: tuple[DateTrace, ...]
    complaint: str

    @property
    def chosen(self) -> DateTrace | None:
        """The search through dates that found a reference."""
        return next((dates for dates in self.dates if dates.chosen is not None), None)

    @property
    def hidden(self) -> int:
        """Number of cases that are not shown."""
        return sum(count for _mismatches, count in self.not_shown)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reason for the answer of one type.

    Attributes
    ----------
    answer
        Answer as on the wire; None if the type is omitted.
    mapping
        The rmap that decides, or the special value in its place.
    verdict
        The reason in a sentence.
    hint
        The change that would lead to a reference; empty if one was found.
    notes
        Actions of the rules on the header, in order.
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
        """The name of the reference, empty if there is none."""
        return "" if self.answer is None or self.answer.startswith(NOT_FOUND) else self.answer

    @property
    def outcome(self) -> str:
        """The result in a word: found, n/a, omitted or not found."""
        if self.reference:
            return "found"
        return {None: "omitted", NA: "n/a"}.get(self.answer, "not found")

    def as_dict(self) -> dict[str, Any]:
        """Return the whole explanation as plain values."""
        return {**asdict(self), "outcome": self.outcome}
