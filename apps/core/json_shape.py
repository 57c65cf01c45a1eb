"""The shape of a JSON text, counted before it is parsed: values take up to a hundred times the space of text.

Counting removes and counts bytes with the functions of `bytes`, which take a millisecond for a megabyte.
"""

import re
from dataclasses import dataclass

_MARKS = b'"\\,:[]{}'
_OTHERS = bytes(set(range(256)) - set(_MARKS))
_ALIKE = bytes.maketrans(b"{}", b"[]")
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shape:
    """The largest shape that a JSON text may have.

    Attributes
    ----------
    nodes
        Values and keys together.
    depth
        Lists and objects inside one another.
    """

    nodes: int
    depth: int

    def fault(self, text: bytes) -> str:
        """Return the way in which a JSON text exceeds this shape; empty if it does not.

        A text that is not JSON may have any fault or none.

        Examples
        --------
        >>> Shape(nodes=3, depth=2).fault(b'[1, [2]]')
        'it has 4 values; at most 3 are read'
        >>> Shape(nodes=9, depth=2).fault(b'[[[1]], "[["]')
        'it has a depth of more than 2 levels'
        """
        opened = text.count(b"[") + text.count(b"{")
        most = 1 + opened + text.count(b",") + text.count(b":")
        if opened <= self.depth and most <= self.nodes:
            return ""
        marks = _marks(text)
        brackets = marks.replace(b",", b"").replace(b":", b"")
        count = 1 + len(marks) - len(brackets) + brackets.count(b"[") + brackets.count(b"{")
        if count > self.nodes:
            return f"it has {count} values; at most {self.nodes} are read"
        return f"it has a depth of more than {self.depth} levels" if _is_deeper(brackets, self.depth) else ""


def _marks(text: bytes) -> bytes:
    """Return the punctuation of a JSON text in order, without the texts in quotes.

    Letters go first. Between two texts in quotes there is always a comma or a colon, so two quotes that are
    beside each other then belong to one text that holds no punctuation.
    """
    marks = text.translate(None, _OTHERS).replace(b'""', b"")
    if b"\\" in marks:
        marks = text
    return _TEXT.sub(b"", marks).translate(None, _OTHERS + b'"\\') if b'"' in marks else marks


def _is_deeper(brackets: bytes, depth: int) -> bool:
    """Return whether brackets are nested deeper; each round removes the innermost ones."""
    brackets = brackets.translate(_ALIKE)
    for _ in range(depth):
        before, brackets = brackets, brackets.replace(b"[]", b"")
        if brackets == before:
            break
    return b"[]" in brackets
