"""Comparison of two contexts by modes: for each mode the intervals of time in which its answers differ.

The work grows with the number of modes and of affected exposures, and not with the size of the archive.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.datasets.queries import ids_in_mode, starts_in_modes
from apps.reprocessing.comparison import InstrumentComparison, is_failure, needed
from apps.rules.errors import CrdsError
from apps.rules.lookup.context import Context
from apps.rules.lookup.timelines import AnswerTimeline, ReftypeTimelines, differences


@dataclass(frozen=True, slots=True)
class ChangedInterval:
    """An interval of time in which exposures of a mode get another answer for a type.

    Attributes
    ----------
    start, end
        First moment, and first moment after it; None if it has no end. Texts as rules compare them.
    was, is_now
        Answers; empty if no reference of the type is needed.
    """

    start: str
    end: str | None
    was: str
    is_now: str

    @property
    def is_error(self) -> bool:
        """Return whether the answer fails since the change."""
        return is_failure(self.is_now)

    def places(self, starts: Sequence[str]) -> slice:
        """Return the places of the exposures in the interval, given all starts in ascending order."""
        low = bisect_left(starts, self.start)
        return slice(low, len(starts) if self.end is None else bisect_left(starts, self.end, low))


class ReftypeComparison:
    """The difference of two contexts for one reference type, for each mode.

    Modes share timelines, so most differences are found in memory.
    """

    def __init__(self, old: ReftypeTimelines, new: ReftypeTimelines) -> None:
        self._old, self._new = old, new
        self._known: dict[tuple[int, int], tuple[ChangedInterval, ...]] = {}

    def of(self, mode: Mapping[str, str]) -> tuple[ChangedInterval, ...]:
        """Return the intervals in which the answers for a mode differ, in order of time."""
        old, new = self._old.of(mode), self._new.of(mode)
        # Both objects remember their timelines, so identities stay valid.
        pair = id(old), id(new)
        known = self._known.get(pair)
        if known is None:
            known = self._known[pair] = tuple(_changed(old, new))
        return known


def _changed(old: AnswerTimeline, new: AnswerTimeline) -> Iterable[ChangedInterval]:
    """Yield the differences that matter: not those between two ways to need nothing, or to fail."""
    wanted = AnswerTimeline.of((start, needed(answer)) for start, answer in old.steps())
    wanted_now = AnswerTimeline.of((start, needed(answer)) for start, answer in new.steps())
    for each in differences(wanted, wanted_now):
        was, is_now = each.was or "", each.is_now or ""
        if not (is_failure(was) and is_failure(is_now)):
            yield ChangedInterval(each.start, each.end, was, is_now)


def planned_types(
    old: Context, new: Context, instrument: str, types: Sequence[str]
) -> dict[str, ReftypeComparison]:
    """Return the comparison of each type whose answers follow from modes under both contexts.

    The others, and all types if one context has no rules for the instrument, must be asked header by header.
    """
    try:
        before, after = old.timelines(instrument, types), new.timelines(instrument, types)
    except CrdsError:
        return {}
    return {
        reftype: ReftypeComparison(was, is_now)
        for reftype in types
        if (was := before[reftype]) is not None and (is_now := after[reftype]) is not None
    }


# Mode to reference type to the intervals in which its answer differs.
ModeChanges = dict[int, dict[str, tuple[ChangedInterval, ...]]]


def changes_of_modes(
    modes: Iterable[tuple[int, Mapping[str, str]]], types: Mapping[str, ReftypeComparison]
) -> ModeChanges:
    """Return the changes of each mode that has any."""
    found: ModeChanges = {}
    for key, header in modes:
        changes = {
            reftype: intervals
            for reftype, comparison in types.items()
            if (intervals := comparison.of(header))
        }
        if changes:
            found[key] = changes
    return found


def count_affected(found: InstrumentComparison, instrument: str, changes: ModeChanges) -> None:
    """Add the exposures of changed modes to a result."""
    counts = found.counts.setdefault(instrument, Counter())
    named: set[tuple[int, str, str]] = set()
    for key, starts, products in starts_in_modes(sorted(changes)):
        for reftype, intervals in changes[key].items():
            for interval in intervals:
                places = interval.places(starts)
                number = places.stop - places.start
                if not number:
                    continue
                if not interval.is_error:
                    counts[reftype] += number
                    found.products.update(products[places])
                    continue
                # A mode may come in several parts. Its first errors are named with the first one.
                is_first = (key, reftype, interval.start) not in named
                named.add((key, reftype, interval.start))
                texts = _first_errors(found, key, reftype, interval) if is_first else []
                found.note_errors(texts, number)


def _first_errors(
    found: InstrumentComparison, mode: int, reftype: str, interval: ChangedInterval
) -> list[str]:
    ids = ids_in_mode(mode, interval.start, interval.end, at_most=found.room_for_errors)
    return [f"{dataset_id} {reftype}: {interval.is_now}" for dataset_id in ids]
