"""The cases of a Match, indexed so that the library need not compare each case with every other one.

Each case of an rmap is a bit, as in the decision table of the rules engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


class WiderCases:
    """Finds the cases that may be equal to a given case or more general.

    A case can only be more general if each of its values is the same as that of the given case, or is a
    pattern, a list or one of the special values.

    Parameters
    ----------
    cases
        Conditioned match keys of one Match.

    Notes
    -----
    Source: ``match_superset`` in ``crds.core.selectors``, which decides about the cases that are found here.

    Examples
    --------
    >>> cases = WiderCases([("A", "1.0"), ("A", "2.0"), ("A|B", "1.0"), ("*", "2.0")])
    >>> cases.of(("A", "1.0"))
    [('A', '1.0'), ('A|B', '1.0')]
    """

    def __init__(self, cases: Sequence[tuple[str, ...]]) -> None:
        self._cases = list(cases)
        self._all = (1 << len(self._cases)) - 1
        widths = {len(case) for case in self._cases}
        # Cases of unequal length are an error of the rmap, which the library reports.
        self._columns: list[dict[str, int]] = [{} for _ in range(widths.pop() if len(widths) == 1 else 0)]
        self._wide = [0] * len(self._columns)
        for bit, case in enumerate(self._cases):
            for place, column in enumerate(self._columns):
                value = case[place]
                column[value] = column.get(value, 0) | 1 << bit
                if _is_wide(value):
                    self._wide[place] |= 1 << bit

    def of(self, case: Sequence[Any]) -> list[tuple[str, ...]]:
        """Return, in their order, all cases that are more general than `case`, and some that are not.

        Parameters
        ----------
        case
            A conditioned match key.
        """
        found = self._all
        for value, column, wide in zip(case, self._columns, self._wide, strict=False):
            if not _is_wide(value):
                found &= column.get(value, 0) | wide
        return [self._cases[bit] for bit in _bits(found)]


def _is_wide(value: str) -> bool:
    """Return whether a value may include others, or be included by values that differ from it."""
    return value in ("*", "N/A", "") or "|" in value


def _bits(mask: int) -> Iterator[int]:
    """Yield the positions of the set bits, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
