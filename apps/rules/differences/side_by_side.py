"""A unified difference for people to read: numbered lines side by side, with the changed words marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from apps.rules.differences.lines import DiffLine, LineKind

# Longer lines, or longer runs of words between equal ends, are marked as a whole.
LONGEST_MARKED = 1000  # characters
MOST_WORDS = 120
MOST_CHANGED = 0.85  # Lines that differ more than this are marked as a whole.

_PLACE = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_WORD = re.compile(r"[^\W_]+|\s+|[\W_]")


@dataclass(frozen=True, slots=True)
class LinePart:
    """A piece of a line, and whether it differs from the other text."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """One line of one text, or of both.

    Attributes
    ----------
    old, new
        Its number in each text, counted from 1; None if the text does not have it.
    beside
        The line that replaced it, or that it replaced; empty if there is none.
    has_no_end
        Whether it is the last line and has no line feed.
    """

    kind: LineKind
    text: str
    old: int | None
    new: int | None
    beside: str = ""
    has_no_end: bool = False

    @property
    def parts(self) -> tuple[LinePart, ...]:
        """The text in pieces that differ from the line beside it or equal it."""
        return changed_parts(self.text, self.beside) if self.beside else (LinePart(self.text),)

    @property
    def sign(self) -> str:
        """The sign in front of the text, ``+`` or ``-``; empty for a line of both texts."""
        return {"added": "+", "removed": "-"}.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class PairedRow:
    """An old line and the new one beside it; the same one twice if both texts have it."""

    old: NumberedLine | None
    new: NumberedLine | None

    @property
    def is_same(self) -> bool:
        """Return whether both texts have this line."""
        return self.old is not None and self.old is self.new


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that belong together.

    Attributes
    ----------
    old, new
        Number of the first line in each text; if a text has no line here, the number of its next line.
    hidden
        Number of equal lines before it that are not shown.
    """

    old: int
    new: int
    hidden: int
    rows: tuple[PairedRow, ...]

    @property
    def anchor(self) -> str:
        """Its name in an address. The name is permanent because files never change."""
        return f"at-{self.old}-{self.new}"

    @property
    def lines(self) -> Iterator[NumberedLine]:
        """The lines one below another. The old lines of each change precede the new ones."""
        old: list[NumberedLine] = []
        new: list[NumberedLine] = []
        for row in self.rows:
            if row.old is not None and row.is_same:
                yield from (*old, *new, row.old)
                old, new = [], []
                continue
            old += [row.old] if row.old else []
            new += [row.new] if row.new else []
        yield from (*old, *new)


def hunks(lines: Iterable[DiffLine]) -> tuple[Hunk, ...]:
    r"""Return the parts of a unified difference.

    Examples
    --------
    >>> from apps.rules.differences.lines import text_differences
    >>> found = hunks(text_differences("a\nb\n", "a\nc\n", old_name="x", new_name="y"))
    >>> [(line.sign, line.old, line.new, line.text) for line in found[0].lines]
    [('', 1, 1, 'a'), ('-', 2, None, 'b'), ('+', None, 2, 'c')]
    """
    groups: list[tuple[DiffLine, list[DiffLine]]] = []
    for line in lines:
        if line.kind == "place":
            groups.append((line, []))
        elif groups:
            groups[-1][1].append(line)
    found, end = [], 1
    for place, group in groups:
        old, new = _starts(place.text)
        found.append(Hunk(old, new, old - end, tuple(_rows(_numbered(group, old, new)))))
        end = old + sum(line.kind in ("same", "removed") for line in group)
    return tuple(found)


def pages_of(found: Sequence[Hunk], size: int) -> list[list[Hunk]]:
    """Return hunks in pages of at most `size` rows; a longer hunk is cut."""
    pages: list[list[Hunk]] = [[]]
    room = size
    for hunk in found:
        rest: Hunk | None = hunk
        while rest is not None:
            if not room:
                pages.append([])
                room = size
            head, rest = _cut(rest, room)
            pages[-1].append(head)
            room -= len(head.rows)
    return pages


def changed_parts(text: str, beside: str) -> tuple[LinePart, ...]:
    """Return a line in pieces that differ from the line beside it or equal it.

    Examples
    --------
    >>> [part.text for part in changed_parts("'flat_1.fits',", "'flat_2.fits',") if part.is_changed]
    ['1']
    """
    if max(len(text), len(beside)) > LONGEST_MARKED:
        return (LinePart(text),)
    ours, theirs = _WORD.findall(text), _WORD.findall(beside)
    head, tail = _equal_ends(ours, theirs)
    middle, other = ours[head : len(ours) - tail], theirs[head : len(theirs) - tail]
    if sum(map(len, middle)) > MOST_CHANGED * len(text):
        return (LinePart(text),)
    parts = [
        LinePart("".join(ours[:head])),
        *_marked(middle, other),
        LinePart("".join(ours[len(ours) - tail :])),
    ]
    return tuple(part for part in parts if part.text)


def _starts(place: str) -> tuple[int, int]:
    """Return the numbers of the first lines after the head of a hunk."""
    found = _PLACE.match(place)
    if found is None:
        return 1, 1
    old, old_count, new, new_count = found.groups()
    # If a text has no lines here, the head names the line before.
    return int(old) + (old_count == "0"), int(new) + (new_count == "0")


def _numbered(group: Sequence[DiffLine], old: int, new: int) -> list[NumberedLine]:
    lines: list[NumberedLine] = []
    for line in group:
        if line.kind == "note":
            last = lines[-1]
            lines[-1] = NumberedLine(last.kind, last.text, last.old, last.new, has_no_end=True)
            continue
        is_old, is_new = line.kind != "added", line.kind != "removed"
        lines.append(NumberedLine(line.kind, line.text, old if is_old else None, new if is_new else None))
        old, new = old + is_old, new + is_new
    return lines


def _rows(lines: Sequence[NumberedLine]) -> Iterator[PairedRow]:
    old: list[NumberedLine] = []
    new: list[NumberedLine] = []
    for line in lines:
        if line.kind == "same":
            yield from _paired(old, new)
            old, new = [], []
            yield PairedRow(line, line)
        else:
            (old if line.kind == "removed" else new).append(line)
    yield from _paired(old, new)


def _paired(old: Sequence[NumberedLine], new: Sequence[NumberedLine]) -> Iterator[PairedRow]:
    for before, after in zip_longest(old, new):
        yield PairedRow(_beside(before, after), _beside(after, before))


def _beside(line: NumberedLine | None, other: NumberedLine | None) -> NumberedLine | None:
    if line is None or other is None:
        return line
    return NumberedLine(
        line.kind, line.text, line.old, line.new, beside=other.text, has_no_end=line.has_no_end
    )


def _cut(hunk: Hunk, room: int) -> tuple[Hunk, Hunk | None]:
    """Return the first rows of a hunk, and the rest of it."""
    if len(hunk.rows) <= room:
        return hunk, None
    head = hunk.rows[:room]
    old = hunk.old + sum(row.old is not None for row in head)
    new = hunk.new + sum(row.new is not None for row in head)
    return Hunk(hunk.old, hunk.new, hunk.hidden, head), Hunk(old, new, 0, hunk.rows[room:])


def _equal_ends(ours: Sequence[str], theirs: Sequence[str]) -> tuple[int, int]:
    """Return the numbers of equal words at the start and at the end. No word is counted twice."""
    most, head, tail = min(len(ours), len(theirs)), 0, 0
    while head < most and ours[head] == theirs[head]:
        head += 1
    while tail < most - head and ours[-1 - tail] == theirs[-1 - tail]:
        tail += 1
    return head, tail


def _marked(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[LinePart]:
    if not theirs or max(len(ours), len(theirs)) > MOST_WORDS:
        yield LinePart("".join(ours), is_changed=True)
        return
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for tag, start, end, _there, _there_end in matcher.get_opcodes():
        if end > start:
            yield LinePart("".join(ours[start:end]), is_changed=tag != "equal")
