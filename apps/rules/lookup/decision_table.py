"""The cases of a Match selector as a decision table: one lookup per parkey instead of one per case.

Each case is a bit. For each value of a parkey the table knows, or works out once, the bits of the cases that
may fit. The cases that fit a header are the bits common to all its parkeys. Bits are numbered by rank, so the
lowest bits that remain are the best cases.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.rules.conditioning import condition_value
from apps.rules.errors import LookupFailure
from apps.rules.lookup.bounded_cache import SMALL, Memo
from apps.rules.lookup.matchers import (
    WILD_VALUES,
    Matcher,
    Verdict,
    alternatives,
    is_esoteric,
    literals_of,
    matcher,
)

# Follow at most this many negations and substitutions, then treat the value as invalid: substitutions may run
# in a circle.
MAX_STEPS = 4_000

Substitutions = Mapping[str, Mapping[Any, Any]]


@dataclass(frozen=True, slots=True)
class Odd:
    """The effect of a value for which bits alone are not enough.

    Either the value is invalid, or it matters to fewer cases than other values do.

    Attributes
    ----------
    counted, open
        Bits of the cases that the value matches, and of those to which it does not matter.
    complaint
        The reason why the value is invalid, so that nothing is matched; None if it is valid.
    """

    counted: int
    open: int
    complaint: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The bits of cases that fit, and the odd values by which these cases must be weighed again."""

    bits: int
    odd: list[tuple[ParkeyColumn, Odd]]


class ParkeyColumn:
    """One parkey of a decision table.

    Attributes
    ----------
    parkey
        Its name.
    valid
        Sorted values that the cases name; if empty, every value is valid.
    fits
        Known values to the bits of the cases that fit them.
    """

    __slots__ = ("_anything", "_literals", "_open", "_rest", "elements", "fits", "parkey", "valid")

    def __init__(self, parkey: str, elements: Sequence[str]) -> None:
        self.parkey = parkey
        self.elements = elements
        self.valid = valid_values(elements)
        self._anything = not self.valid or any(wild in self.valid for wild in WILD_VALUES)
        self.fits: Memo[str, int | Odd] = Memo()
        self._literals: dict[str, int] = {}
        self._rest: list[tuple[Matcher, int]] = []
        self._open = 0
        self._sort_out()

    def _sort_out(self) -> None:
        """Gather the bits of equal elements, and separate plain elements from those that need a matcher."""
        bits: dict[str, int] = {}
        for rank, element in enumerate(self.elements):
            bits[element] = bits.get(element, 0) | 1 << rank
        for element, mask in bits.items():
            names = literals_of(element)
            if element == "N/A":
                self._open = mask
            elif names is None:
                self._rest.append((matcher(element), mask))
            else:
                for name in names:
                    self._literals[name] = self._literals.get(name, 0) | mask

    def work_out(self, value: str, substitutions: Substitutions) -> int | Odd:
        """Return the cases that fit `value`, and remember them."""
        known: int | Odd | None = self.fits.recall(value)
        if known is not None:
            return known
        counted, neutral = self._verdicts(value)
        complaint = self._complaint(value, substitutions)
        if complaint is None and neutral == self._open:
            return self.fits.remember(value, counted | neutral)
        # A complaint lists all valid values, of which there can be thousands.
        return self.fits.remember(value, Odd(counted, neutral, complaint), SMALL + len(complaint or ""))

    def _verdicts(self, value: str) -> tuple[int, int]:
        counted, neutral = self._literals.get(value, 0), self._open
        if value in ("*", "N/A"):
            everything = 0
            for mask in self._literals.values():
                everything |= mask
            counted, neutral = (everything, neutral) if value == "*" else (0, neutral | everything)
        for decide, mask in self._rest:
            verdict = decide(value)
            if verdict == 1:
                counted |= mask
            elif verdict == 0:
                neutral |= mask
        return counted, neutral

    def _complaint(self, value: str, substitutions: Substitutions) -> str | None:
        if self._anything:
            return None
        try:
            require_valid(self.parkey, value, self.valid, substitutions)
        except (LookupFailure, ValueError, TypeError, AttributeError) as exc:
            return str(exc)
        return None

    def verdicts(self, value: str) -> dict[str, Verdict]:
        """Return the verdict of each element on `value`, for a record."""
        return {element: matcher(element)(value) for element in set(self.elements)}

    def counts(self, rank: int) -> bool:
        """Return whether a match of this parkey counts for the case."""
        return not self._open >> rank & 1


def valid_values(elements: Sequence[str]) -> list[str]:
    """Return the sorted values that the elements of one parkey name; none if an element cannot be listed.

    Notes
    -----
    Source: ``Selector.get_parkey_map`` in the client.
    """
    found: set[str] = set()
    for element in elements:
        if is_esoteric(element):
            return []
        found.update(alternatives(element))
    return sorted(found)


def require_valid(parkey: str, value: str, valid: Sequence[str], substitutions: Substitutions) -> None:
    """Refuse a header value that no case could match, in the words of the client.

    Parameters
    ----------
    parkey, value
        The name of the parkey and the header value to check.
    valid
        Sorted values that the cases name, none of them wild.
    substitutions
        Substitutions of the rmap. A value that they replace counts as its replacement.

    Raises
    ------
    LookupFailure
        Raised for a value that is neither one of them nor an expression.

    Notes
    -----
    Source: ``Selector._validate_value`` in the client.
    """
    for _step in range(MAX_STEPS):
        if value in valid or condition_value(value) in valid:
            return
        if value.startswith("NOT"):
            value = value[len("NOT") :].strip()
        elif is_esoteric(value) or value in WILD_VALUES:
            return
        elif len(valid) == 1 and ":" in valid[0]:
            _require_in_range(parkey, value, valid[0])
            return
        elif value in substitutions.get(parkey, {}):
            # A list as replacement ends in an AttributeError, as in the client.
            value = substitutions[parkey][value]
        else:
            break
    raise LookupFailure(f" parameter={parkey!r} value={value!r} is not in {list(valid)!r}")


def _require_in_range(parkey: str, value: str, limits: str) -> None:
    low, high = [float(limit) for limit in limits.split(":")]
    if not low <= float(value) <= high:
        raise LookupFailure(f" parameter={parkey!r} value ={value!r} is not in range [{low} .. {high}]")


class MatchTable:
    """All cases of one Match selector.

    Parameters
    ----------
    parkeys
        Names of the parkeys, in the order of the keys.
    keys
        Conditioned match keys in sorted order, which numbers the cases.
    substitutions
        Substitutions of the rmap, needed where a header has a value that they replace.
    """

    __slots__ = ("__weakref__", "_levels", "_order", "_substitutions", "columns", "parkeys")

    def __init__(
        self, parkeys: tuple[str, ...], keys: tuple[tuple[str, ...], ...], substitutions: Substitutions
    ):
        self.parkeys = parkeys
        self._substitutions = substitutions
        weights = [sum(element != "N/A" for element in key) for key in keys]
        # Python's sort is stable: cases of equal weight stay in sorted order, which decides ties.
        self._order = sorted(range(len(keys)), key=lambda case: -weights[case])
        self.columns = tuple(
            ParkeyColumn(parkey, [keys[case][place] for case in self._order])
            for place, parkey in enumerate(parkeys)
        )
        self._levels = _levels([weights[case] for case in self._order])

    def require_defined(self, header: Mapping[str, str]) -> None:
        """Refuse a header that lacks a parkey that every case names."""
        for column in self.columns:
            if column.parkey not in header and "N/A" not in column.valid:
                raise LookupFailure(f"Match required lookup parameter {column.parkey!r} is undefined.")

    def standing(self, values: Sequence[str]) -> int | Standing:
        """Return the bits of the cases that fit, and any odd values by which to weigh them again.

        Parameters
        ----------
        values
            Conditioned values, one for each parkey.

        Raises
        ------
        LookupFailure
            Raised for the first value that no case could match.
        """
        bits = -1
        odd: list[tuple[ParkeyColumn, Odd]] = []
        for column, value in zip(self.columns, values):  # noqa: B905 (a strict zip costs a tenth of this loop)
            mask = column.fits.get(value)
            if mask is None:
                mask = column.work_out(value, self._substitutions)
            if isinstance(mask, Odd):
                if mask.complaint is not None:
                    raise LookupFailure(mask.complaint)
                odd.append((column, mask))
                mask = mask.counted | mask.open
            bits &= mask
        return Standing(bits, odd) if odd else bits

    def ranked(self, standing: int | Standing) -> list[list[int]]:
        """Return groups of cases that fit, best first. Equally good cases form a group in sorted order."""
        if isinstance(standing, Standing):
            return self._weighed(standing)
        return [self._cases(standing & level) for _weight, level in self._levels if standing & level]

    def _cases(self, bits: int) -> list[int]:
        """Return the numbers of the cases whose bits are set, in sorted order within one level."""
        return [self._order[rank] for rank in _bits(bits)]

    def _weighed(self, standing: Standing) -> list[list[int]]:
        """Rank cases by the parkeys that count for this header, which may be fewer than usual."""
        weighed: dict[int, list[int]] = {}
        for level_weight, level in self._levels:
            for rank in _bits(standing.bits & level):
                weight = level_weight
                for column, mask in standing.odd:
                    weight += (mask.counted >> rank & 1) - column.counts(rank)
                weighed.setdefault(weight, []).append(self._order[rank])
        return [sorted(weighed[weight]) for weight in sorted(weighed, reverse=True)]


def _bits(mask: int) -> Iterator[int]:
    """Yield the positions of the set bits, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _levels(weights: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return each weight with the bits of its cases, given weights in descending order."""
    levels: dict[int, int] = {}
    for rank, weight in enumerate(weights):
        levels[weight] = levels.get(weight, 0) | 1 << rank
    return tuple(levels.items())


_tables: weakref.WeakValueDictionary[tuple[Any, ...], MatchTable] = weakref.WeakValueDictionary()


def table_for(
    parkeys: tuple[str, ...], keys: tuple[tuple[str, ...], ...], substitutions: Substitutions
) -> MatchTable:
    """Return the table of these cases. Versions of an rmap with the same cases share one table."""
    relevant = {parkey: substitutions[parkey] for parkey in parkeys if parkey in substitutions}
    identity = (parkeys, keys, repr(relevant))
    table = _tables.get(identity)
    if table is None:
        table = _tables[identity] = MatchTable(parkeys, keys, relevant)
    return table
