"""The answers for one mode as functions of time, and the intervals in which two contexts differ.

A mode is the values of all parkeys but the date. Under one context its answer for one reference type changes
at few moments: the useafter dates of the cases that fit, and the epochs of hooks. An archive of millions of
exposures shows some thousands of modes, so its references follow from the timelines of these modes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from apps.rules.lookup.compiled_selectors import NA
from apps.rules.lookup.expressions import evaluable
from apps.rules.lookup.instrument import InstrumentRules, condition
from apps.rules.lookup.reftype import Outcome, Plan, ReferenceRules
from apps.rules.text.special_values import NOT_APPLICABLE

# A moment before all epochs of hooks. Hooks compare moments as text.
_BEFORE_ALL = "1900-01-01 00:00:00"

# Where time begins: less than the text of any moment.
BEGINNING = ""

Step = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class AnswerTimeline:
    """The answer for one mode and reference type at each moment.

    Attributes
    ----------
    starts
        First moment of each step, sorted, as `rules.dates.format_date` writes it. The first one is
        `BEGINNING`. A step lasts until the next one starts.
    answers
        The answer of each step: a file name, a text that begins with ``NOT FOUND``, or None where the type is
        left out. Neighbours differ.
    """

    starts: tuple[str, ...]
    answers: tuple[str | None, ...]

    @classmethod
    def of(cls, steps: Iterable[Step]) -> AnswerTimeline:
        """Return the timeline of steps in order of time. Steps without an effect are left out."""
        starts: list[str] = []
        answers: list[str | None] = []
        for start, answer in steps:
            if starts and starts[-1] == start:
                starts.pop()
                answers.pop()
            if not answers or answers[-1] != answer:
                starts.append(start)
                answers.append(answer)
        return cls(tuple(starts), tuple(answers))

    @classmethod
    def constant(cls, answer: str | None) -> AnswerTimeline:
        """Return the timeline of an answer that never changes."""
        return cls((BEGINNING,), (answer,))

    def at(self, moment: str) -> str | None:
        """Return the answer at `moment`. A step that starts at that moment applies.

        Examples
        --------
        >>> line = AnswerTimeline(("", "2010-01-01 00:00:00"), ("a.fits", "b.fits"))
        >>> line.at("2009-12-31 23:59:59"), line.at("2010-01-01 00:00:00")
        ('a.fits', 'b.fits')
        """
        return self.answers[bisect_right(self.starts, moment) - 1]

    def steps(self) -> Iterator[Step]:
        """Yield start and answer of each step."""
        return zip(self.starts, self.answers, strict=True)


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of time in which two timelines differ.

    Attributes
    ----------
    start, end
        First moment of the interval, and first moment after it; None if it has no end.
    was, is_now
        The answers of the old and of the new timeline.
    """

    start: str
    end: str | None
    was: str | None
    is_now: str | None


def differences(old: AnswerTimeline, new: AnswerTimeline) -> tuple[Interval, ...]:
    """Return the intervals in which the answers differ, in order of time.

    Examples
    --------
    >>> old = AnswerTimeline.constant("a.fits")
    >>> differences(old, AnswerTimeline(("", "2010-01-01 00:00:00"), ("a.fits", "b.fits")))
    (Interval(start='2010-01-01 00:00:00', end=None, was='a.fits', is_now='b.fits'),)
    """
    if old == new:
        return ()
    starts = sorted({*old.starts, *new.starts})
    found: list[Interval] = []
    for start, end in pairwise([*starts, None]):
        assert start is not None  # noqa: S101 (only the last one is None)
        was, is_now = old.at(start), new.at(start)
        if was == is_now:
            continue
        if found and (found[-1].end, found[-1].was, found[-1].is_now) == (start, was, is_now):
            found[-1] = Interval(found[-1].start, end, was, is_now)
        else:
            found.append(Interval(start, end, was, is_now))
    return tuple(found)


class ReftypeTimelines:
    """The timelines of one reference type under one context, remembered by the values that its rules use.

    Parameters
    ----------
    instrument
        Rules of the instrument.
    reftype
        Lower case.
    date_parkeys
        The parkeys in which the exposures give their start.
    """

    def __init__(self, instrument: InstrumentRules, reftype: str, date_parkeys: tuple[str, ...]) -> None:
        self._rules: ReferenceRules | None = instrument.rules.get(reftype)
        self._constant = AnswerTimeline.constant(
            NA if instrument.selections.get(reftype) in NOT_APPLICABLE else None
        )
        self._dates = date_parkeys
        self._remembered: dict[tuple[str, ...], AnswerTimeline] = {}
        # Plans are shared by many modes, and so are their timelines. A plan is kept with its timeline, so no
        # other plan gets its identity.
        self._flattened: dict[int, tuple[Plan, AnswerTimeline]] = {}
        self.parkeys = instrument.interests(self._rules) if self._rules else ()
        self.is_planned = self._is_planned()

    def _is_planned(self) -> bool:
        """Return whether the answers depend on the time through the start of the exposure alone."""
        if self._rules is None:
            return True
        usual = (self._dates,) if self._rules.epochs else ((), self._dates)
        return self._rules.date_parkeys in usual and not set(self.parkeys).intersection(self._dates)

    def of(self, mode: Mapping[str, str]) -> AnswerTimeline:
        """Return the timeline of a mode.

        Parameters
        ----------
        mode
            Upper-case parkey to text as in headers, without dates. Missing parkeys count as ``UNDEFINED``.

        Raises
        ------
        HeaderError
            Raised if a value is longer than any header value.
        ValueError
            Raised if the type cannot be planned, see `is_planned`.
        """
        if not self.is_planned:
            raise ValueError("The answers of this type do not follow from the start of the exposure alone.")
        if self._rules is None:
            return self._constant
        values = tuple(condition(mode.get(parkey, "UNDEFINED")) for parkey in self.parkeys)
        timeline = self._remembered.get(values)
        if timeline is None:
            timeline = self._remembered[values] = self._work_out(self._rules, values)
        return timeline

    def _work_out(self, rules: ReferenceRules, values: tuple[str, ...]) -> AnswerTimeline:
        header = dict(zip(self.parkeys, values, strict=True))
        header.update((evaluable(parkey), value) for parkey, value in zip(self.parkeys, values, strict=True))
        if not rules.epochs:
            return self._flat(rules.outcome(header))
        return AnswerTimeline.of(self._epochal_steps(rules, header))

    def _epochal_steps(self, rules: ReferenceRules, header: Mapping[str, str]) -> Iterator[Step]:
        """Yield the steps of rules whose hooks change at epochs."""
        for start, end in pairwise([BEGINNING, *rules.epochs, None]):
            assert start is not None  # noqa: S101 (only the last one is None)
            timeline = self._flat(rules.outcome({**header, **self._dated(start or _BEFORE_ALL)}))
            yield start, timeline.at(start)
            for moment, answer in timeline.steps():
                if start < moment and (end is None or moment < end):
                    yield moment, answer

    def _dated(self, moment: str) -> dict[str, str]:
        """Return the date parkeys of an exposure at `moment`."""
        words = moment.split(" ") if len(self._dates) > 1 else [moment]
        return dict(zip(self._dates, words, strict=True))

    def _flat(self, outcome: Outcome) -> AnswerTimeline:
        if not isinstance(outcome, Plan):
            return AnswerTimeline.constant(outcome)
        known = self._flattened.get(id(outcome))
        if known is None:
            known = self._flattened[id(outcome)] = outcome, AnswerTimeline.of(plan_steps(outcome))
        return known[1]


def plan_steps(outcome: Outcome) -> list[Step]:
    """Return the steps of an outcome in order of time.

    A later stage applies before the first date of the stages above it, and the end of a plan before all.
    """
    if not isinstance(outcome, Plan):
        return [(BEGINNING, outcome)]
    steps = plan_steps(outcome.end)
    for dates, references in reversed(outcome.stages):
        if dates:
            steps = [step for step in steps if step[0] < dates[0]]
            steps += zip(dates, references, strict=True)
    return steps
