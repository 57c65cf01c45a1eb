"""All reference types of one instrument, answered together.

A header is first reduced to the values that the rules need. All values but the date form a mode. The answers
for a mode are worked out once and remembered, so most headers only need their date looked up. The memory
never changes an answer, and forgets the modes that were not asked for lately when it grows too large.
"""

from __future__ import annotations

import sys
import weakref
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, cast

from apps.rules.conditioning import condition_value
from apps.rules.dates import usual_date
from apps.rules.errors import HeaderError, LookupFailure
from apps.rules.lookup.bounded_cache import SMALL, Memo
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiled_selectors import NA
from apps.rules.lookup.expressions import evaluable
from apps.rules.lookup.lookup_record import Trace
from apps.rules.lookup.reftype import Outcome, Plan, ReferenceRules
from apps.rules.lookup.selectors import observed_date
from apps.rules.text.special_values import NOT_APPLICABLE

Picker = Callable[[Sequence[Any]], tuple[Any, ...]]
Dates = tuple[tuple[str, ...], ...]

# Headers hold cards of 80 characters. Only attacks send longer values than this.
MAX_VALUE = 2_000


# Reference type, useafter dates and answers of its best case, and the whole plan.
Row = tuple[str, Sequence[str], Sequence[str], Plan]


@dataclass(frozen=True, slots=True)
class Mode:
    """The answers for one mode of the instrument.

    Attributes
    ----------
    known
        Answers that do not depend on a date; an empty text keeps the place of the others.
    dated
        For each tuple of date parkeys, by its place, the types whose answer depends on that date.
    header
        Conditioned values without dates, for types without a plan; empty if there are no such types.
    epochal
        For types whose hooks depend on the epoch, the outcomes found so far, by type and epoch.
    """

    known: dict[str, str]
    dated: tuple[tuple[int, tuple[Row, ...]], ...]
    header: dict[str, str]
    epochal: dict[tuple[str, int], Outcome]

    @property
    def size(self) -> int:
        """Approximate memory use in bytes, with room for the outcomes that are still to be found."""
        return 900 + 45 * len(self.known) + 90 * len(self.header)


@dataclass(frozen=True, slots=True)
class _Found:
    """The outcome of one group of types: answers, types that depend on the date, and types left out."""

    known: dict[str, str]
    rows: tuple[Row, ...]
    omitted: tuple[str, ...]

    @property
    def size(self) -> int:
        """Approximate memory use in bytes."""
        return 250 + 60 * len(self.rows) + sum(map(len, self.known.values()))


class _Moment(NamedTuple):
    """The date of an observation.

    Attributes
    ----------
    text
        The date as the rules compare it; empty if there is none.
    complaint
        The reason why there is none, or None.
    is_usual
        Whether hooks accept its spelling, too: they refuse some that a selector accepts.
    """

    text: str
    complaint: str | None = None
    is_usual: bool = False


@dataclass(frozen=True, slots=True)
class _Group:
    """Types whose rules use the same parkeys and the same date, and which share one memo.

    Attributes
    ----------
    pick
        Picks the values that the rules use from those of the mode.
    place
        Place of their date parkeys.
    """

    pick: Picker
    place: int
    rules: tuple[tuple[str, ReferenceRules], ...]
    memo: Memo[tuple[str, ...], _Found]

    def ask(self, header: Mapping[str, str]) -> _Found:
        """Return the outcome of the rules of each type."""
        known: dict[str, str] = {}
        rows: list[Row] = []
        omitted: list[str] = []
        for filekind, rules in self.rules:
            outcome = rules.outcome(header)
            if isinstance(outcome, Plan):
                rows.append((filekind, *outcome.stages[0], outcome))
            elif outcome is None:
                omitted.append(filekind)
            else:
                known[filekind] = outcome
        return _Found(known, tuple(rows), tuple(omitted))


class InstrumentRules:
    """The rules of one instrument in one context.

    Parameters
    ----------
    parkeys
        All parkeys of the minimal header, each once.
    selections
        Reference type to compiled mapping, or to a special value, in the order of answers.
    """

    def __init__(self, parkeys: Sequence[str], selections: Mapping[str, CompiledMapping | str]) -> None:
        self.selections = selections
        # Answers that never change. Empty texts keep places for the others in the order of the rules.
        self._template = {
            filekind: NA if isinstance(value, str) else ""
            for filekind, value in selections.items()
            if not isinstance(value, str) or value in NOT_APPLICABLE
        }
        self.rules = {
            filekind: value.rules for filekind, value in selections.items() if not isinstance(value, str)
        }
        self.parkeys = tuple(parkeys)
        # A conditioned header has upper case parkeys only. Rules with others are answered step by step.
        self.is_plain = all(parkey == parkey.upper() for parkey in self.parkeys)
        self._modes: Memo[tuple[str, ...], Mode] = Memo()
        self._arrange()

    def _arrange(self) -> None:
        """Separate the parkeys of the mode from those of dates, and group types that use the same parkeys."""
        plannable = {kind: rules for kind, rules in self.rules.items() if rules.date_parkeys is not None}
        planned = {kind: rules for kind, rules in plannable.items() if not rules.epochs}
        self._epochal = tuple(item for item in plannable.items() if item[1].epochs and item[1].date_parkeys)
        settled = planned.keys() | dict(self._epochal).keys()
        self._unplanned = tuple((kind, rules) for kind, rules in self.rules.items() if kind not in settled)
        self.date_parkeys = tuple(
            dict.fromkeys(rules.date_parkeys for rules in plannable.values() if rules.date_parkeys)
        )
        interests = {kind: self.interests(rules) for kind, rules in planned.items()}
        dates = {parkey for parkeys in self.date_parkeys for parkey in parkeys}
        wanted = {parkey for parkeys in interests.values() for parkey in parkeys}
        for _kind, rules in self._epochal:
            wanted.update(self.interests(rules))
        if self._unplanned:
            wanted.update(parkey for parkey in self.parkeys if parkey not in dates)
        self.mode_parkeys = tuple(parkey for parkey in self.parkeys if parkey in wanted)
        self._aliases = tuple(parkey for parkey in self.parkeys if evaluable(parkey) != parkey)
        self._places = {parkeys: place for place, parkeys in enumerate(self.date_parkeys)}
        self._groups = self._grouped(interests, planned)

    def interests(self, rules: ReferenceRules) -> tuple[str, ...]:
        """Return the parkeys, other than dates of plans, that can change the answer of these rules."""
        exemption = rules.exemption_parkeys
        interests = {*rules.matched_parkeys, *rules.hook_parkeys}
        if set(exemption) <= set(self.parkeys):
            interests.update(exemption)
        names = rules.names
        return tuple(parkey for parkey in self.parkeys if parkey in interests or evaluable(parkey) in names)

    def _grouped(
        self, interests: Mapping[str, tuple[str, ...]], planned: Mapping[str, ReferenceRules]
    ) -> tuple[_Group, ...]:
        kinds: dict[tuple[tuple[str, ...], int], list[str]] = {}
        for kind, parkeys in interests.items():
            place = self._places.get(planned[kind].date_parkeys or (), 0)
            kinds.setdefault((parkeys, place), []).append(kind)
        return tuple(
            _Group(
                picker(self.mode_parkeys, parkeys),
                place,
                tuple((kind, planned[kind]) for kind in group),
                Memo(),
            )
            for (parkeys, place), group in kinds.items()
        )

    def answers(self, values: tuple[str, ...], dates: Dates) -> dict[str, str]:
        """Return the answer for each reference type of a header.

        Parameters
        ----------
        values
            Texts of `mode_parkeys`, as in the header.
        dates
            Texts of each tuple in `date_parkeys`, as in the header.
        """
        mode = self._modes.get(values) or self._modes.recall(values) or self._new_mode(values)
        found = mode.known.copy()
        moments: dict[int, _Moment] = {}
        for place, rows in mode.dated:
            observed = moments[place] = self._moment(place, dates[place])
            moment = observed.text
            if observed.complaint is None:
                for filekind, useafters, references, plan in rows:
                    at = bisect_right(useafters, moment)
                    if at:
                        found[filekind] = references[at - 1]
                    else:
                        _put(found, filekind, plan.answer(moment))
            else:
                for filekind, _useafters, _references, plan in rows:
                    _put(found, filekind, plan.complain(observed.complaint))
        if mode.header:
            self._answer_others(mode, dates, moments, found)
        return found

    def _moment(self, place: int, texts: tuple[str, ...]) -> _Moment:
        """Return the date of the observation, or the reason why there is none."""
        moment = usual_date(" ".join(texts))
        if moment is not None:
            return _Moment(moment, None, True)
        parkeys = self.date_parkeys[place]
        try:
            return _Moment(observed_date("UseAfter", parkeys, [condition(text) for text in texts]))
        except LookupFailure as exc:
            return _Moment("", str(exc))

    def _answer_others(
        self, mode: Mode, dates: Dates, moments: dict[int, _Moment], found: dict[str, str]
    ) -> None:
        """Add the answers for types whose hooks depend on the date, and for types without a plan."""
        for filekind, rules in self._epochal:
            place = self._places[rules.date_parkeys or ()]
            observed = moments.get(place) or self._moment(place, dates[place])
            if not observed.is_usual:
                _put(found, filekind, rules.answer(self._dated_header(mode, dates)))
                continue
            epoch = filekind, bisect_right(rules.epochs, observed.text)
            if epoch not in mode.epochal:
                mode.epochal[epoch] = rules.outcome(self._dated_header(mode, dates))
            outcome = mode.epochal[epoch]
            _put(found, filekind, outcome.answer(observed.text) if isinstance(outcome, Plan) else outcome)
        if self._unplanned:
            header = self._dated_header(mode, dates)
            for filekind, rules in self._unplanned:
                _put(found, filekind, rules.answer(header))

    def _dated_header(self, mode: Mode, dates: Dates) -> dict[str, str]:
        header = mode.header.copy()
        for parkeys, texts in zip(self.date_parkeys, dates, strict=True):
            for parkey, text in zip(parkeys, texts, strict=True):
                header[parkey] = header[evaluable(parkey)] = condition(text)
        return header

    def _new_mode(self, values: tuple[str, ...]) -> Mode:
        """Return the answers for a mode that is new or forgotten, and remember them."""
        mode = self._work_out(values)
        # Headers repeat the same few texts. Each is kept once.
        return self._modes.remember(tuple(map(sys.intern, values)), mode, mode.size + 10 * len(values))

    def _work_out(self, values: tuple[str, ...]) -> Mode:
        """Return the answers of all rules for a mode."""
        conditioned = condition_all(values)
        header: dict[str, str] = {}
        known = self._template.copy()
        rows: list[list[Row]] = [[] for _place in self.date_parkeys or ((),)]
        for group in self._groups:
            mine = group.pick(conditioned)
            found = group.memo.get(mine) or group.memo.recall(mine)
            if found is None:
                header = header or self._header(conditioned)
                found = group.ask(header)
                group.memo.remember(mine, found, found.size)
            known.update(found.known)
            rows[group.place].extend(found.rows)
            for filekind in found.omitted:
                del known[filekind]
        dated = tuple((place, tuple(group_rows)) for place, group_rows in enumerate(rows) if group_rows)
        if self._unplanned or self._epochal:
            return Mode(known, dated, header or self._header(conditioned), {})
        return Mode(known, dated, {}, {})

    def _header(self, conditioned: tuple[str, ...]) -> dict[str, str]:
        header = dict(zip(self.mode_parkeys, conditioned, strict=True))
        for parkey in self._aliases:
            if parkey in header:
                header[evaluable(parkey)] = header[parkey]
        return header

    def answer_each(self, header: Mapping[str, str], trace: Trace | None = None) -> dict[str, str]:
        """Return the answers for a whole conditioned header, and remember nothing.

        Parameters
        ----------
        header
            Conditioned values by parkey. Parkeys may be missing.
        trace
            Record of the steps, if wanted.
        """
        names = {**{evaluable(parkey): value for parkey, value in header.items()}, **header}
        found: dict[str, str] = {}
        for filekind, value in self.selections.items():
            entry = trace.begin(filekind, value if isinstance(value, str) else value.name) if trace else None
            rules = self.rules.get(filekind)
            answer = rules.answer(names, entry) if rules else self._template.get(filekind)
            if entry is not None:
                entry.answer = answer
            if answer is not None:
                found[filekind] = answer
        return found


_rules: weakref.WeakValueDictionary[tuple[object, ...], InstrumentRules] = weakref.WeakValueDictionary()


def rules_for(parkeys: Sequence[str], selections: Mapping[str, CompiledMapping | str]) -> InstrumentRules:
    """Return the rules for these parkeys and mappings. Contexts that agree on them share one object.

    Successive contexts change one instrument. They share the others and everything remembered about them.
    """
    parkeys = tuple(dict.fromkeys(parkeys))
    # The rules keep their mappings alive, so no other object can have the identity of one of these.
    chosen = tuple(value if isinstance(value, str) else id(value) for value in selections.values())
    identity = (parkeys, tuple(selections), chosen)
    rules = _rules.get(identity)
    if rules is None:
        rules = _rules[identity] = InstrumentRules(parkeys, selections)
    return rules


def _put(found: dict[str, str], filekind: str, answer: str | None) -> None:
    if answer is None:
        found.pop(filekind, None)
    else:
        found[filekind] = answer


def picker(parkeys: Sequence[str], wanted: Sequence[str]) -> Picker:
    """Return a function that picks the values of `wanted` parkeys from the values of all `parkeys`."""
    return picker_of_places(tuple(parkeys.index(parkey) for parkey in wanted))


@lru_cache(maxsize=4096)
def picker_of_places(places: tuple[int, ...]) -> Picker:
    """Return a function that picks the values at these places, always as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    if places:
        (place,) = places
        return lambda values: (values[place],)
    return lambda values: ()


_conditioned: Memo[str, str] = Memo()


def condition(text: str) -> str:
    """Return `condition_value` of a header text, from memory if it is known.

    Raises
    ------
    HeaderError
        Raised if the text is longer than any header value.
    """
    value = _conditioned.get(text)
    if value is None:
        value = _conditioned.recall(text)
    if value is None:
        if len(text) > MAX_VALUE:
            raise HeaderError(
                f"A header value of {len(text)} characters is refused; it begins {text[:40]!r}."
            )
        value = _conditioned.remember(text, condition_value(text), SMALL + 2 * len(text))
    return value


def condition_all(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return `condition` of each text, quickly if all of them are known."""
    known = tuple(map(_conditioned.get, texts))
    return tuple(map(condition, texts)) if None in known else cast("tuple[str, ...]", known)


def as_texts(values: tuple[Any, ...]) -> tuple[str, ...]:
    """Return header values as texts. JSON may hold numbers and booleans."""
    if set(map(type, values)) <= {str}:
        return values
    try:
        return tuple(map(str, values))
    except (ValueError, RecursionError) as exc:
        raise HeaderError(str(exc)) from exc
