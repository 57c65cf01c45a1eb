"""Selectors that are ready to choose one of their keys for a conditioned header.

Notes
-----
Source: the ``choose`` methods in ``crds.core.selectors``. Failures carry the words of the client. After
`NothingFits` the next best case is tried; every other error ends the search.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar

from apps.rules.dates import format_date, parse_date
from apps.rules.errors import LookupFailure, NothingFits
from apps.rules.lookup.bounded_cache import SMALL, Memo
from apps.rules.lookup.compiled_selectors import NA, SEVERAL, Choice
from apps.rules.lookup.decision_table import MatchTable, Substitutions, table_for
from apps.rules.lookup.lookup_record import (
    MAX_DATES,
    CaseSearch,
    CaseTrace,
    DateTrace,
    Mismatch,
    ReftypeTrace,
)
from apps.rules.lookup.software_versions import Relation, parse_version
from apps.rules.text.special_values import NOT_APPLICABLE, OMITTED, SPECIAL

Header = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Several:
    """Several choices where one reference is needed. They have no form on the wire."""

    choices: tuple[Any, ...]

    def __str__(self) -> str:
        shown = ", ".join(repr(choice) if isinstance(choice, str) else str(choice) for choice in self.choices)
        return f"({shown})"


class Chooser(ABC):
    """A selector ready to choose."""

    __slots__ = ("choices", "keys", "parkeys")
    kind: ClassVar[str]

    def __init__(self, parkeys: tuple[str, ...], keys: Sequence[Any], choices: Sequence[Any]) -> None:
        self.parkeys = parkeys
        self.keys = keys
        self.choices = choices

    def __str__(self) -> str:
        return f"{self.kind} selector"

    @abstractmethod
    def choose(self, header: Header, trace: ReftypeTrace | None = None) -> str | Several:
        """Return the choice of this selector and of the selectors below it.

        Raises
        ------
        NothingFits
            Raised if no key fits this header.
        LookupFailure, ValueError, KeyError, TypeError
            Raised for a header that this selector cannot read.
        """

    def merge(self, others: Sequence[Any]) -> Chooser:
        """Return one selector for equally good cases."""
        raise LookupFailure(
            f"More than one match was found at the same weight and {self.kind} does not support merging."
        )

    def require_defined(self, header: Header) -> None:
        """Refuse a header that lacks a parkey."""
        for parkey in self.parkeys:
            if parkey not in header:
                raise LookupFailure(f"{self.kind} required lookup parameter {parkey!r} is undefined.")

    def number(self, header: Header) -> float:
        """Return the value of the only parkey as a number."""
        parkey = self.parkeys[0]
        value = header[parkey]
        try:
            return float(value)
        except ValueError:
            raise LookupFailure(f"{self.kind} Invalid number for {parkey!r} value = {value!r}") from None


def _follow(choice: Any, header: Header, trace: ReftypeTrace | None) -> str | Several:
    """Return `choice`, or the choice it makes if it is a selector."""
    if not isinstance(choice, Chooser):
        return choice  # type: ignore[no-any-return]
    try:
        return choice.choose(header, trace)
    except NothingFits as exc:
        raise NothingFits(f"All lookup attempts failed. last exception: {exc}") from exc


class OneChoice(Chooser):
    """A selector that picks one choice, which may be a selector that chooses further."""

    __slots__ = ()

    @abstractmethod
    def pick(self, header: Header, trace: ReftypeTrace | None) -> Any:
        """Return the choice for this header, which may be a selector."""

    def choose(self, header: Header, trace: ReftypeTrace | None = None) -> str | Several:
        """Return the picked choice, or the choice it makes if it is a selector."""
        return _follow(self.pick(header, trace), header, trace)


class Match(Chooser):
    """A selector that chooses the case that the header matches in most parkeys."""

    __slots__ = ("_made", "_make", "_merged", "_merges", "_pick", "table")
    kind = "Match"

    def __init__(
        self,
        parkeys: tuple[str, ...],
        keys: tuple[tuple[str, ...], ...],
        choices: Sequence[Any],
        *,
        substitutions: Substitutions,
        merges: bool,
    ) -> None:
        super().__init__(parkeys, keys, choices)
        self._pick: Callable[[Header], tuple[str, ...]] | None = (
            itemgetter(*parkeys) if len(parkeys) > 1 else None
        )
        self._make = partial(ready, substitutions=substitutions, merges=merges)
        # A thousand contexts hold a million dates, and few cases are ever used.
        self._made: dict[int, Any] = {}
        self.table: MatchTable = table_for(parkeys, keys, substitutions)
        self._merges = merges
        self._merged: Memo[tuple[int, ...], Any] = Memo()

    def choose(self, header: Header, trace: ReftypeTrace | None = None) -> str | Several:
        """Return the choice of the best case that finds anything."""
        for choice in self.candidates(header, trace):
            if not isinstance(choice, Chooser):
                return choice  # type: ignore[no-any-return]
            try:
                return choice.choose(header, trace)
            except NothingFits:
                continue
        raise NothingFits("No match found.")

    def candidates(self, header: Header, trace: ReftypeTrace | None = None) -> Iterator[Any]:
        """Yield the choices of the cases that fit, best first. Equally good cases are merged."""
        values = self.values(header)
        if trace is None:
            return self.merged(self.table.ranked(self.table.standing(values)))
        return self.merged(self._traced(values, trace.begin()))

    def _traced(self, values: Sequence[str], attempt: CaseSearch) -> Sequence[Sequence[int]]:
        """Return the cases that fit like `MatchTable.ranked`. Record all cases, even if the search fails."""
        attempt.parkeys.update(zip(self.parkeys, values, strict=True))
        groups: Sequence[Sequence[int]] = ()
        try:
            groups = self.table.ranked(self.table.standing(values))
        except LookupFailure as exc:
            attempt.complaint = str(exc)
            raise
        finally:
            attempt.add_cases(self._explain(values), groups)
        return groups

    def values(self, header: Header) -> Sequence[str]:
        """Return the value of each parkey. Refuse a header that lacks one that every case names."""
        try:
            if self._pick is not None:
                return self._pick(header)
            return [header[parkey] for parkey in self.parkeys]
        except KeyError:
            self.table.require_defined(header)
            return [header.get(parkey, "UNDEFINED") for parkey in self.parkeys]

    def merged(self, groups: Sequence[Sequence[int]]) -> Iterator[Any]:
        """Yield the choice of each group of equally good cases."""
        for group in groups:
            yield self._choice(group[0]) if len(group) == 1 else self._merge(tuple(group))

    def _choice(self, case: int) -> Any:
        """Return the choice of a case, ready to choose further."""
        if case not in self._made:
            self._made[case] = self._make(self.choices[case])
        return self._made[case]

    def _merge(self, group: tuple[int, ...]) -> Any:
        merged = self._merged.get(group) or self._merged.recall(group)
        if merged is not None:
            return merged
        if not self._merges:
            raise LookupFailure("More than one match clause matched.")
        first, *others = map(self._choice, group)
        merged = first.merge(others) if isinstance(first, Chooser) else Several((first, *others))
        return self._merged.remember(group, merged, SMALL + 16 * len(getattr(merged, "keys", ())))

    def _explain(self, values: Sequence[str]) -> list[CaseTrace]:
        verdicts = [column.verdicts(value) for column, value in zip(self.table.columns, values, strict=True)]
        return [
            CaseTrace(
                dict(zip(self.parkeys, key, strict=True)),
                sum(by_element[element] == 1 for by_element, element in zip(verdicts, key, strict=True)),
                tuple(
                    Mismatch(parkey, element, value)
                    for parkey, element, value, by_element in zip(
                        self.parkeys, key, values, verdicts, strict=True
                    )
                    if by_element[element] == -1
                ),
            )
            for key in self.keys
        ]


class UseAfter(OneChoice):
    """A selector that chooses the latest date that is not after the observation; an equal date applies.

    Dates are compared as text, as in the client, so a useafter date in an odd format sorts oddly.
    """

    __slots__ = ("answers",)
    kind = "UseAfter"

    def __init__(self, parkeys: tuple[str, ...], keys: Sequence[Any], choices: Sequence[Any]) -> None:
        super().__init__(parkeys, keys, choices)
        # The answer for each date, if the choices are references.
        self.answers = choices
        if not SPECIAL.isdisjoint(choices):
            self.answers = [NA if choice in NOT_APPLICABLE else choice for choice in choices]

    def pick(self, header: Header, trace: ReftypeTrace | None) -> Any:
        """Return the choice of the latest date that is not after the observation."""
        self.require_defined(header)
        return self.latest(self.moment(header), trace)

    def latest(self, moment: Any, trace: ReftypeTrace | None = None) -> Any:
        """Return the choice of the latest key that is not after `moment`."""
        place = bisect_right(self.keys, moment)
        if trace is not None:
            trace.add_dates(self._explain(moment, place))
        if not place:
            raise NothingFits("No selection <= " + repr(moment))
        return self.choices[place - 1]

    def moment(self, header: Header) -> Any:
        """Return the start of the observation, in the form of the keys."""
        return observed_date(self.kind, self.parkeys, [header[parkey] for parkey in self.parkeys])

    def merge(self, others: Sequence[Any]) -> Chooser:
        """Return one selector with the dates of all. Of equal dates, the greater file name stays."""
        rows: dict[Any, Any] = {}
        for selector in (self, *others):
            if not isinstance(selector, Chooser):
                kind = "str" if isinstance(selector, str) else "tuple"
                raise LookupFailure(f"{kind!r} object has no attribute '_selections'")
            for key, choice in zip(selector.keys, selector.choices, strict=True):
                if key not in rows or not rows[key] >= choice:
                    rows[key] = choice
        keys = sorted(rows)
        return type(self)(self.parkeys, keys, [rows[key] for key in keys])

    def _explain(self, moment: Any, place: int) -> DateTrace:
        found = place > 0
        first = max(0, place - MAX_DATES // 2)
        around = slice(first, first + MAX_DATES)
        rows = zip(map(_shown, self.keys[around]), map(str, self.choices[around]), strict=True)
        return DateTrace(
            observed=_shown(moment),
            chosen=_shown(self.keys[place - 1]) if found else None,
            reference=str(self.choices[place - 1]) if found else None,
            earliest=_shown(self.keys[0]) if self.keys else None,
            latest=_shown(self.keys[-1]) if self.keys else None,
            count=len(self.keys),
            rows=tuple(rows),
            kind=self.kind,
        )


def _shown(key: Any) -> str:
    """Return a date, or a version, as text."""
    return ".".join(map(str, key)) if isinstance(key, tuple) else str(key)


def is_plain_date(choice: Choice) -> bool:
    """Return whether a choice gives a reference that depends on nothing but a date."""
    if isinstance(choice, str) or choice[0] != UseAfter.kind:
        return False
    return all(isinstance(nested, str) for nested in choice[3]) and OMITTED.isdisjoint(choice[3])


def observed_date(kind: str, parkeys: tuple[str, ...], values: Sequence[str]) -> str:
    """Return the date that a header gives in one or more parkeys, in the form in which dates are compared.

    Raises
    ------
    LookupFailure
        Raised, with the words of the client, if a value is UNDEFINED or the date has no known form.
    """
    text = ""
    for parkey, value in zip(parkeys, values, strict=True):
        value = value.strip()
        if value == "UNDEFINED":
            raise LookupFailure(f"UseAfter parameter {parkey!r} is UNDEFINED.")
        text += value + " "
    text = text.strip()
    try:
        return format_date(text)
    except (LookupFailure, ValueError, IndexError, OverflowError) as exc:
        raise LookupFailure(
            f"{kind} Invalid date/time format for {parkeys!r} value = {text!r} exception is {str(exc)!r}"
        ) from exc


class ClosestTime(UseAfter):
    """A selector that chooses the date nearest to the observation, before or after it."""

    __slots__ = ()
    kind = "ClosestTime"

    def latest(self, moment: Any, trace: ReftypeTrace | None = None) -> Any:
        """Return the choice of the nearest date. Of two equally near dates, the earlier one counts."""
        observed = parse_date(moment)
        away = [abs((observed - parse_date(key)).total_seconds()) for key in self.keys]
        place = _smallest(array("f", away))
        if trace is not None:
            trace.add_dates(self._explain(moment, place + 1))
        return self.choices[place]


class VersionAfter(UseAfter):
    """A selector that chooses the latest version that is not after the one in the header."""

    __slots__ = ()
    kind = "VersionAfter"

    def moment(self, header: Header) -> Any:
        """Return the version of the header as numbers."""
        return parse_version(".".join(header[parkey] for parkey in self.parkeys))


class SelectVersion(OneChoice):
    """A selector that chooses the first version relation that is not before the version of the header."""

    __slots__ = ()
    kind = "SelectVersion"

    def pick(self, header: Header, trace: ReftypeTrace | None) -> Any:
        """Return the choice of the first relation that holds."""
        value = header[self.parkeys[0]]
        if value.replace("=", "").strip() != "default":
            self.number(header)
        version = Relation.parse(value)
        for key, choice in zip(self.keys, self.choices, strict=True):
            if not Relation.parse(key) < version:
                return choice
        raise IndexError("list index out of range")


class GeometricallyNearest(OneChoice):
    """A selector that chooses the number nearest to the value of the header."""

    __slots__ = ()
    kind = "GeometricallyNearest"

    def pick(self, header: Header, trace: ReftypeTrace | None) -> Any:
        """Return the choice of the nearest key, compared with 32 bits of precision as in the client."""
        self.require_defined(header)
        (value,) = array("f", [self.number(header)])
        away = array("f", [key - value for key in array("f", map(float, self.keys))])
        return self.choices[_smallest(array("f", map(abs, away)))]


class Bracket(OneChoice):
    """A selector that chooses the two numbers around the value of the header."""

    __slots__ = ()
    kind = "Bracket"

    def pick(self, header: Header, trace: ReftypeTrace | None) -> Any:
        """Refuse: this selector makes two choices at once."""
        raise NotImplementedError

    def choose(self, header: Header, trace: ReftypeTrace | None = None) -> str | Several:
        """Return both choices. At a key and beyond the ends they are the same."""
        value = self.number(header)
        above = sum(value > key for key in self.keys)
        exact = above == len(self.keys) or above == 0 or value == self.keys[above]
        below = above - 1 if above == len(self.keys) or not exact else above
        above = below if exact else above
        return Several(tuple(_follow(self.choices[place], header, trace) for place in (below, above)))


def _smallest(numbers: array[float]) -> int:
    """Return the place of the first smallest number. NaN counts as the smallest, as in the client."""
    if not numbers:
        raise ValueError("attempt to get argmin of an empty sequence")
    for place, number in enumerate(numbers):
        if number != number:
            return place
    return min(range(len(numbers)), key=numbers.__getitem__)


_CHOOSERS: Mapping[str, type[Chooser]] = {
    chooser.kind: chooser
    for chooser in (UseAfter, ClosestTime, VersionAfter, SelectVersion, GeometricallyNearest, Bracket)
}


def ready(choice: Choice, *, substitutions: Substitutions, merges: bool) -> Any:
    """Return a compiled choice as an answer or as a selector that is ready to choose."""
    if isinstance(choice, str):
        return choice
    kind, parkeys, keys, choices = choice
    if kind == SEVERAL:
        return Several(choices)
    if kind == Match.kind:
        return Match(parkeys, keys, choices, substitutions=substitutions, merges=merges)
    if not all(isinstance(nested, str) for nested in choices):
        choices = tuple(ready(nested, substitutions=substitutions, merges=merges) for nested in choices)
    return _CHOOSERS[kind](parkeys, keys, choices)
