"""Test of a regular expression: it must be possible to try it on any text in a short time.

Python tries one way after the other. The number of ways is bounded here from the form of the expression: each
optional part doubles it, and each repetition without end multiplies it with the length of the text.
Repetitions within repetitions, whose number of ways grows exponentially, are refused.
"""

from __future__ import annotations

import re
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from apps.rules.observatories.dataset_ids import LONGEST_NAME

LONGEST_SUBJECT = LONGEST_NAME
MOST_WAYS = 200_000_000  # before the ways that share a beginning are counted once; about a second at worst
LARGEST_REPEAT = 200

_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)


def fault_of(pattern: str) -> str:
    r"""Return the fault of a pattern, empty if it has none.

    Examples
    --------
    >>> fault_of(r"(KOA\.[0-9]{8})(?:_[A-Z]+)?")
    ''
    >>> fault_of("(A+)+B")
    'a repetition stands within a repetition, which can take forever'
    """
    try:
        re.compile(pattern)
        tree = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError, MemoryError) as exc:
        return f"{exc}"
    try:
        ways = _ways(tree)
    except _Refused as exc:
        return str(exc)
    if ways > MOST_WAYS:
        return f"it can be tried in {ways:.0e} ways, which takes too long; use fewer *, + and ?"
    return ""


class _Refused(Exception):
    """A part that has no bound."""


def _ways(tree: Any) -> float:
    """Return a bound of the number of ways in which a sequence can be tried."""
    ways = 1.0
    for operation, argument in tree:
        ways *= _ways_of(operation, argument)
    return ways


def _ways_of(operation: Any, argument: Any) -> float:
    if operation in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN, op.AT):
        return 1.0
    if operation is op.SUBPATTERN:
        return _ways(argument[3])
    if operation is op.BRANCH:
        branches = argument[1]
        each = [_ways(branch) for branch in branches]
        return max(each) if _are_disjoint(branches) else sum(each)
    if operation in _REPEATS:
        return _ways_of_repeat(*argument)
    raise _Refused("only letters, sets, groups, | and repetitions are allowed in a pattern")


def _ways_of_repeat(low: int, high: int, body: Any) -> float:
    if low > LARGEST_REPEAT:
        raise _Refused(f"a part is repeated {low} times; at most {LARGEST_REPEAT} make sense in an id")
    if high == 1:
        return _ways(body) + 1
    inner = _ways(body)
    if inner > 1:
        raise _Refused("a repetition stands within a repetition, which can take forever")
    if not _has_length(body):
        raise _Refused("a part that may be empty is repeated")
    if low == high:
        return 1.0
    return float(min(high, LONGEST_SUBJECT) - low + 1)


def _has_length(body: Any) -> bool:
    return bool(body.getwidth()[0] > 0)


def _are_disjoint(branches: Any) -> bool:
    """Return whether the first character tells which branch it is."""
    seen: set[int] = set()
    for branch in branches:
        first = _first(branch)
        if first is None or seen & first:
            return False
        seen |= first
    return True


def _first(branch: Any) -> set[int] | None:
    """Return the characters with which a sequence begins, or None if that is not plain."""
    if not len(branch):
        return None
    operation, argument = branch[0]
    if operation is op.LITERAL:
        return {argument}
    if operation is op.SUBPATTERN:
        return _first(argument[3])
    if operation is op.IN:
        return _set(argument)
    return None


def _set(parts: Any) -> set[int] | None:
    found: set[int] = set()
    for operation, argument in parts:
        if operation is op.LITERAL:
            found.add(argument)
        elif operation is op.RANGE and argument[1] < 1 << 16:
            found.update(range(argument[0], argument[1] + 1))
        else:
            return None
    return found
