"""A record of how the best references of one header were found, for people who ask why.

The engine takes the same steps with and without a record. What is not asked for costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# Cases shown for one reference type. The best candidates and the nearest misses come first.
MAX_CASES = 200


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One reason why a case does not fit: it wants `wanted` of `parkey`, and the header has `found`."""

    parkey: str
    wanted: str
    found: str


@dataclass(frozen=True, slots=True)
class CaseTrace:
    """One case that was looked at.

    Attributes
    ----------
    key
        Parkey to conditioned element of the match key.
    weight
        Number of parkeys that count for it.
    ruled_out_by
        Empty for a candidate.
    """

    key: dict[str, str]
    weight: int
    ruled_out_by: tuple[Mismatch, ...]


@dataclass(frozen=True, slots=True)
class DateTrace:
    """One search through the useafter dates of a candidate, or of several equal ones together.

    Attributes
    ----------
    observed
        The date looked for, as compared.
    chosen
        The useafter date found, None if all are later.
    reference
        What it leads to.
    earliest, latest
        First and last useafter date there is, None if there are none.
    count
        Number of useafter dates.
    """

    observed: str
    chosen: str | None
    reference: str | None
    earliest: str | None
    latest: str | None
    count: int


@dataclass(slots=True)
class ReftypeTrace:
    """How one reference type was found.

    Attributes
    ----------
    reftype, mapping
        The type, and the reference mapping which decides (or ``N/A``, ``OMIT``).
    notes
        Conditions, hooks and complaints, in the order they came up.
    parkeys
        The values that were compared, after all rewriting.
    cases
        Candidates, best first, then the others, nearest first; at most `MAX_CASES`.
    case_count
        Number of all cases.
    candidates
        Weight of each group of equal candidates, best first, with their match keys.
    dates
        Searches through useafter dates, in order.
    answer
        As in the result; None if the type is left out of it.
    """

    reftype: str
    mapping: str
    notes: list[str] = field(default_factory=list)
    parkeys: dict[str, str] = field(default_factory=dict)
    cases: list[CaseTrace] = field(default_factory=list)
    case_count: int = 0
    candidates: list[list[dict[str, str]]] = field(default_factory=list)
    dates: list[DateTrace] = field(default_factory=list)
    answer: str | None = None

    @property
    def nearest(self) -> CaseTrace | None:
        """The case with the fewest mismatches where none fits."""
        if self.candidates or not self.cases:
            return None
        return min(self.cases, key=lambda case: (len(case.ruled_out_by), -case.weight))

    def note(self, text: str) -> None:
        """Add one remark."""
        self.notes.append(text)

    def add_cases(self, cases: list[CaseTrace], groups: Sequence[Sequence[int]]) -> None:
        """Add the cases of a Match selector, and its candidates as groups of positions in `cases`."""
        self.case_count += len(cases)
        self.candidates.extend([cases[place].key for place in group] for group in groups)
        chosen = [place for group in groups for place in group]
        taken = set(chosen)
        others = [place for place in range(len(cases)) if place not in taken]
        others.sort(key=lambda place: (len(cases[place].ruled_out_by), -cases[place].weight))
        self.cases.extend(cases[place] for place in (chosen + others)[:MAX_CASES])


class Trace:
    """Collects one `ReftypeTrace` for each reference type of a lookup."""

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
        """Return everything as plain values, ready for a page or for JSON."""
        return {
            "context": self.context,
            "instrument": self.instrument,
            "reftypes": [
                {**asdict(entry), "nearest": asdict(entry.nearest) if entry.nearest else None}
                for entry in self.reftypes
            ],
        }
