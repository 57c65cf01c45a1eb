"""Comparison of the answers of two contexts, for one dataset and for all datasets of an instrument.

Notes
-----
Source: ``compare_bestrefs`` in ``crds.bestrefs``. The client leaves out an exposure if any of the changed
types fails for it. We list it: a needless calibration does less harm than a forgotten one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.contexts import queries as contexts
from apps.rules.errors import CrdsError
from apps.rules.lookup.context import Context

SHOWN_ERRORS = 100  # errors that a summary lists
NOT_FOUND = "NOT FOUND"
NOT_APPLICABLE = "NOT FOUND n/a"

Types = dict[str, tuple[str, ...]]


@dataclass
class InstrumentComparison:
    """The result of a search so far.

    Attributes
    ----------
    products
        Ids of affected products, upper case.
    counts
        Instrument to reference type to the number of exposures that get another answer.
    errors
        Number of answers that fail under the new context only.
    first_errors
        The first of these errors, as text for people.
    exposures
        Id, type, old and new answer of exposures that were compared one by one and are affected.
    """

    examined: int = 0
    products: set[str] = field(default_factory=set)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    errors: int = 0
    first_errors: list[str] = field(default_factory=list)
    exposures: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def room_for_errors(self) -> int:
        """Number of further errors that are kept as text."""
        return max(0, SHOWN_ERRORS - len(self.first_errors))

    def note_errors(self, texts: Sequence[str], number: int) -> None:
        """Count `number` errors, and keep their first texts if there is room."""
        self.errors += number
        self.first_errors += texts[: self.room_for_errors]

    def add(self, other: InstrumentComparison) -> None:
        """Add the result for other exposures, without their products."""
        self.examined += other.examined
        for instrument, counts in other.counts.items():
            self.counts.setdefault(instrument, Counter()).update(counts)
        self.note_errors(other.first_errors, other.errors)

    def as_json(self) -> dict[str, Any]:
        """Return everything but products and exposures as plain values."""
        return {
            "examined": self.examined,
            "counts": self.counts,
            "errors": self.errors,
            "first_errors": self.first_errors,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> InstrumentComparison:
        """Return the result that `as_json` gave as plain values."""
        counts = {instrument: Counter(each) for instrument, each in values["counts"].items()}
        return cls(values["examined"], set(), counts, values["errors"], values["first_errors"])


def changed_types(old: str, new: str) -> Types:
    """Return each instrument whose rules changed, with the types whose rmap changed; both sorted.

    Raises
    ------
    CrdsError
        Raised if a context is unknown, or one of its upper mappings cannot be read.
    """
    before, after = _rmaps(old), _rmaps(new)
    changed: dict[str, list[str]] = {}
    for place in sorted({**before, **after}):
        if before.get(place) != after.get(place):
            changed.setdefault(place[0], []).append(place[1])
    return {instrument: tuple(types) for instrument, types in changed.items()}


def _rmaps(context: str) -> dict[tuple[str, str], str]:
    """Return the rmap or special value by lower case instrument and type."""
    upper = contexts.upper_mappings_of(context)
    return {
        (instrument.lower(), reftype.lower()): rmap
        for instrument, imap in upper[context].selections
        if imap in upper
        for reftype, rmap in upper[imap].selections
    }


def compare_headers(
    found: InstrumentComparison,
    old: Context,
    new: Context,
    instrument: str,
    exposures: Iterable[tuple[str, Mapping[str, str]]],
    types: Sequence[str],
) -> None:
    """Compare the answers for each exposure, given as two-part id and header, and add them to a result."""
    counts = found.counts.setdefault(instrument, Counter())
    for dataset_id, header in exposures:
        _compare(found, counts, old, new, dataset_id, header, types)


def _compare(
    found: InstrumentComparison,
    counts: Counter[str],
    old: Context,
    new: Context,
    dataset_id: str,
    header: Mapping[str, str],
    types: Sequence[str],
) -> None:
    found.examined += 1
    before, after = _answers(old, header), _answers(new, header)
    if before == after:
        return
    if isinstance(after, str):
        if not isinstance(before, str):
            found.note_errors([f"{dataset_id}: {after}"], 1)
        return
    known = {} if isinstance(before, str) else before
    for reftype in types:
        was, is_now = needed(known.get(reftype)), needed(after.get(reftype))
        if was == is_now:
            continue
        if is_failure(is_now):
            # A type that failed before is not worse if it fails with another message.
            if not is_failure(was):
                found.note_errors([f"{dataset_id} {reftype}: {is_now}"], 1)
            continue
        counts[reftype] += 1
        found.exposures.append((dataset_id, reftype, was, is_now))
        found.products.add(dataset_id.partition(":")[0].upper())


def _answers(context: Context, header: Mapping[str, str]) -> dict[str, str] | str:
    """Return the answers for a header, or the reason why there are none."""
    try:
        return context.best_references(header)
    except CrdsError as exc:
        return str(exc)


def is_failure(answer: str) -> bool:
    """Return whether an answer gives no reference where one is needed."""
    return answer.startswith(NOT_FOUND)


def needed(answer: str | None) -> str:
    """Return an answer; an empty text if no reference of the type is needed."""
    return "" if answer is None or answer.lower().startswith(NOT_APPLICABLE.lower()) else answer
