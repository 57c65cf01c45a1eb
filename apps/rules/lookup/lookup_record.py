"""A record of the steps by which the best references of one header were found, for people who ask why.

The engine takes the same steps with and without a record. Without one there is no extra cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# Cases shown for one reference type. The best candidates and the nearest misses come first.
MAX_CASES = 200
# Dates shown of one search.
MAX_DATES = 400


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One reason why a case does not fit: its `parkey` must match `wanted`, and the header has `found`."""

    parkey: str
    wanted: str
    found: str


@dataclass(frozen=True, slots=True)
class CaseTrace:
    """One case of a Match selector, compared with the header.

    Attributes
    ----------
    key
        Parkey to conditioned element of the match key.
    weight
        Number of parkeys that count for it.
    ruled_out_by
        The reasons why it does not fit; empty for a candidate.
    """

    key: dict[str, str]
    weight: int
    ruled_out_by: tuple[Mismatch, ...]


@dataclass(frozen=True, slots=True)
class DateTrace:
    """One search through the useafter dates of one candidate, or of several equal candidates together.

    Where rules choose by software version, versions take the place of dates.

    Attributes
    ----------
    kind
        Selector that searched: ``UseAfter``, ``ClosestTime`` or ``VersionAfter``.
    observed
        The date of the observation, as compared.
    chosen
        The useafter date found; None if all are later.
    reference
        The reference for that date.
    earliest, latest
        The first and the last useafter date; None if there are no dates.
    count
        Number of useafter dates.
    rows
        Dates and their references, in order: those around the date of the observation, at most `MAX_DATES`.
    """

    observed: str
    chosen: str | None
    reference: str | None
    earliest: str | None
    latest: str | None
    count: int
    rows: tuple[tuple[str, str], ...] = ()
    kind: str = "UseAfter"

    @property
    def before(self) -> tuple[str, str] | None:
        """The row before the chosen one."""
        place = self._place
        return self.rows[place - 1] if place else None

    @property
    def after(self) -> tuple[str, str] | None:
        """The row after the chosen one; the first one if none is chosen."""
        if self.chosen is None:
            return self.rows[0] if self.rows else None
        place = self._place
        return self.rows[place + 1] if place is not None and place + 1 < len(self.rows) else None

    @property
    def _place(self) -> int | None:
        return next((place for place, row in enumerate(self.rows) if row[0] == self.chosen), None)


@dataclass(slots=True)
class CaseSearch:
    """One search through the cases. There is a second one where a fallback hook changed the header.

    Attributes
    ----------
    parkeys
        The values that were compared, after all rewriting.
    cases
        Candidates, best first, then the others, nearest first; at most `MAX_CASES`.
    case_count
        Number of all cases.
    mismatches
        Number of mismatches to the number of cases that have this many, among all cases.
    ruled_out_by
        Parkey to the number of cases that it rules out, among all cases.
    candidates
        Each group of equal candidates, best first, with their match keys.
    dates
        Searches through useafter dates, in order.
    complaint
        The reason why cases could not be searched; empty if they could.
    """

    parkeys: dict[str, str] = field(default_factory=dict)
    cases: list[CaseTrace] = field(default_factory=list)
    case_count: int = 0
    mismatches: dict[int, int] = field(default_factory=dict)
    ruled_out_by: dict[str, int] = field(default_factory=dict)
    candidates: list[list[dict[str, str]]] = field(default_factory=list)
    dates: list[DateTrace] = field(default_factory=list)
    complaint: str = ""

    @property
    def nearest(self) -> CaseTrace | None:
        """The case with the fewest mismatches; None if a case fits."""
        if self.candidates or not self.cases:
            return None
        return min(self.cases, key=_distance)

    def add_cases(self, cases: list[CaseTrace], groups: Sequence[Sequence[int]]) -> None:
        """Add the cases of a Match selector, and its candidates as groups of positions in `cases`."""
        self.case_count = len(cases)
        self.mismatches = dict(sorted(Counter(len(case.ruled_out_by) for case in cases).items()))
        self.ruled_out_by = dict(Counter(miss.parkey for case in cases for miss in case.ruled_out_by))
        self.candidates = [[cases[place].key for place in group] for group in groups]
        chosen = [place for group in groups for place in group]
        taken = set(chosen)
        others = sorted(
            (place for place in range(len(cases)) if place not in taken),
            key=lambda place: _distance(cases[place]),
        )
        self.cases = [cases[place] for place in (chosen + others)[:MAX_CASES]]


def _distance(case: CaseTrace) -> tuple[int, int]:
    return len(case.ruled_out_by), -case.weight


@dataclass(slots=True)
class ReftypeTrace:
    """The record of the lookup of one reference type.

    Attributes
    ----------
    reftype, mapping
        The type, and the reference mapping that decides (or ``N/A``, ``OMIT``).
    notes
        Remarks on conditions, hooks and errors, in the order in which they occurred.
    attempts
        Searches through the cases, in order; empty if the type is not looked up at all.
    answer
        The answer as in the result; None if the type is left out of it.
    """

    reftype: str
    mapping: str
    notes: list[str] = field(default_factory=list)
    attempts: list[CaseSearch] = field(default_factory=list)
    answer: str | None = None

    def note(self, text: str) -> None:
        """Add one remark."""
        self.notes.append(text)

    def begin(self) -> CaseSearch:
        """Start the record of a search through cases."""
        self.attempts.append(CaseSearch())
        return self.attempts[-1]

    def add_dates(self, dates: DateTrace) -> None:
        """Add a search through useafter dates to the last search through cases."""
        attempt = self.attempts[-1] if self.attempts else self.begin()
        attempt.dates.append(dates)


class Trace:
    """The record of one lookup: a `ReftypeTrace` for each reference type."""

    __slots__ = ("context", "instrument", "reftypes")

    def __init__(self) -> None:
        self.context = ""
        self.instrument = ""
        self.reftypes: list[ReftypeTrace] = []

    def begin(self, reftype: str, mapping: str) -> ReftypeTrace:
        """Start the record of one reference type."""
        entry = ReftypeTrace(reftype, mapping)
        self.reftypes.append(entry)
        return entry

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return {
            "context": self.context,
            "instrument": self.instrument,
            "reftypes": [asdict(entry) for entry in self.reftypes],
        }
