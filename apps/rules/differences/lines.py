"""The lines in which two texts differ, with some lines around them.

Lines that occur once in both texts and in the same order anchor the comparison. Only the parts between
anchors are searched further. This is fast for rules, because most of their lines are unique, and limits keep
it fast for any text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from typing import Literal

LineKind = Literal["head", "place", "same", "added", "removed", "note"]

# Without anchors a plain search compares at most this many pairs of lines at once, and this many in a whole
# text. Lines beyond these limits count as replaced.
MOST_PAIRS = 40_000
MOST_PAIRS_IN_ALL = 1_000_000
MOST_ROUNDS = 8

CONTEXT = 3  # lines
NO_END = "\\ No newline at end of file"
_SIGNS = {"same": " ", "added": "+", "removed": "-"}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a unified difference.

    Attributes
    ----------
    kind
        ``head`` names a file, ``place`` gives the numbers of the lines that follow, ``note`` says that the
        line before it has no end. The others are lines of the texts.
    text
        The line without the sign in front and without its end.
    """

    kind: LineKind
    text: str

    @property
    def sign(self) -> str:
        """The sign in front of the text."""
        return _SIGNS.get(self.kind, "")

    def __str__(self) -> str:
        return self.sign + self.text


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines `old` to `old_end` of one text and `new` to `new_end` of the other, ends excluded."""

    old: int
    old_end: int
    new: int
    new_end: int

    @property
    def pairs(self) -> int:
        """The number of pairs of an old and a new line."""
        return (self.old_end - self.old) * (self.new_end - self.new)


def text_differences(
    old_text: str, new_text: str, *, old_name: str, new_name: str, context: int = CONTEXT
) -> tuple[DiffLine, ...]:
    r"""Return the unified difference of two texts; empty if they are equal.

    Parameters
    ----------
    context
        Number of equal lines around each change.

    Examples
    --------
    >>> for line in text_differences("a\nb\n", "a\nc\n", old_name="x", new_name="y"):
    ...     print(line)
    --- x
    +++ y
    @@ -1,2 +1,2 @@
     a
    -b
    +c
    """
    old, new = _lines(old_text), _lines(new_text)
    matcher = _Matcher(old, new)
    lines = [line for group in matcher.get_grouped_opcodes(context) for line in _hunk(group, old, new)]
    if not lines:
        return ()
    return (DiffLine("head", f"--- {old_name}"), DiffLine("head", f"+++ {new_name}"), *lines)


def _lines(text: str) -> list[str]:
    """Return the lines with their ends. Only a line feed ends a line."""
    *ended, last = text.split("\n")
    return [line + "\n" for line in ended] + ([last] if last else [])


def _hunk(
    group: Sequence[tuple[str, int, int, int, int]], old: list[str], new: list[str]
) -> Iterator[DiffLine]:
    first, last = group[0], group[-1]
    yield DiffLine("place", f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
    for tag, old_start, old_end, new_start, new_end in group:
        if tag == "equal":
            yield from _as("same", old[old_start:old_end])
            continue
        yield from _as("removed", old[old_start:old_end])
        yield from _as("added", new[new_start:new_end])


def _as(kind: LineKind, lines: Sequence[str]) -> Iterator[DiffLine]:
    for line in lines:
        yield DiffLine(kind, line.removesuffix("\n"))
        if not line.endswith("\n"):
            yield DiffLine("note", NO_END)


def _range(start: int, end: int) -> str:
    """Return the first line, counted from 1, and the number of lines; for no lines, the line before."""
    length = end - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


class _Matcher(SequenceMatcher[str]):
    """The grouping and counting of the standard library, with our own search for equal lines."""

    def __init__(self, old: list[str], new: list[str]) -> None:
        self._equal = _joined(sorted(_equal_blocks(old, new)), len(old), len(new))
        # The library gets no lines, because it would only index them.
        super().__init__(None, [], [])

    def get_matching_blocks(self) -> list[Match]:
        return self._equal


def _joined(blocks: Sequence[tuple[int, int, int]], old_end: int, new_end: int) -> list[Match]:
    """Return blocks of equal lines, with adjacent blocks joined, and the empty block at the end."""
    joined: list[Match] = []
    for old, new, size in blocks:
        before = joined[-1] if joined else Match(-1, -1, 0)
        if (before.a + before.size, before.b + before.size) == (old, new):
            joined[-1] = Match(before.a, before.b, before.size + size)
        elif size:
            joined.append(Match(old, new, size))
    return [*joined, Match(old_end, new_end, 0)]


def _equal_blocks(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the starts in both texts and the length of runs of equal lines, unordered."""
    waiting = [(_Block(0, len(old), 0, len(new)), MOST_ROUNDS)]
    pairs_left = MOST_PAIRS_IN_ALL
    while waiting:
        block, rounds = waiting.pop()
        head, block, tail = _trimmed(block, old, new)
        yield head
        yield tail
        anchors = _anchors(block, old, new) if rounds else []
        if not anchors:
            if block.pairs <= min(MOST_PAIRS, pairs_left):
                pairs_left -= block.pairs
                yield from _searched(block, old, new)
            continue
        yield from ((at, there, 1) for at, there in anchors)
        starts = [(block.old, block.new), *((at + 1, there + 1) for at, there in anchors)]
        ends = [*anchors, (block.old_end, block.new_end)]
        for (old_start, new_start), (old_end, new_end) in zip(starts, ends, strict=True):
            if old_start < old_end and new_start < new_end:
                waiting.append((_Block(old_start, old_end, new_start, new_end), rounds - 1))


def _trimmed(
    block: _Block, old: list[str], new: list[str]
) -> tuple[tuple[int, int, int], _Block, tuple[int, int, int]]:
    """Return the equal lines at the start, the block between, and the equal lines at the end."""
    head, most = 0, min(block.old_end - block.old, block.new_end - block.new)
    while head < most and old[block.old + head] == new[block.new + head]:
        head += 1
    tail = 0
    while tail < most - head and old[block.old_end - tail - 1] == new[block.new_end - tail - 1]:
        tail += 1
    rest = _Block(block.old + head, block.old_end - tail, block.new + head, block.new_end - tail)
    return (block.old, block.new, head), rest, (rest.old_end, rest.new_end, tail)


def _anchors(block: _Block, old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Return the places of lines that occur once in each text: the most that keep their order in both."""
    counts = Counter(new[block.new : block.new_end])
    places = {line: block.new + place for place, line in enumerate(new[block.new : block.new_end])}
    once = Counter(old[block.old : block.old_end])
    pairs = [
        (place, places[line])
        for place, line in enumerate(old[block.old : block.old_end], block.old)
        if once[line] == 1 and counts[line] == 1
    ]
    return _longest_rise(pairs)


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a longest part of `pairs` that ascends in the second number. All ascend in the first.

    Examples
    --------
    >>> _longest_rise([(0, 2), (1, 0), (2, 1), (3, 3)])
    [(1, 0), (2, 1), (3, 3)]
    """
    ends: list[int] = []  # For each length of a rise, the least second number at its end,
    at: list[int] = []  # and the index of the pair with that number.
    before: list[int] = []
    for index, (_first, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        before.append(at[length - 1] if length else -1)
        ends[length : length + 1] = [second]
        at[length : length + 1] = [index]
    rise = []
    index = at[-1] if at else -1
    while index >= 0:
        rise.append(pairs[index])
        index = before[index]
    return rise[::-1]


def _searched(block: _Block, old: list[str], new: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield equal runs among lines without anchors."""
    ours, theirs = old[block.old : block.old_end], new[block.new : block.new_end]
    for match in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        yield block.old + match.a, block.new + match.b, match.size
