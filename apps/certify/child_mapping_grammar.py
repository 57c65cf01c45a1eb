"""A quick reader of mappings in the place of the library's grammar, for a child.

The library reads every mapping that it certifies a second time, to find the keys that a text has twice. It
does this with a grammar that takes ten seconds for 100 kB. The reader here knows the part of that grammar
that rules use. For a text of this part it returns the same parsing within hundredths of a second. It gives
every other text to the grammar of the library, so that all errors remain those of the library.

Notes
-----
Source: ``crds.certify.mapping_parser``. The library keeps its grammar in ``MAPPING_PARSER``, calls it with
the text of a mapping, and asks the result for ``mapping()``. `child_library` is the only place that replaces
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Items = list[tuple[Any, Any]]
Parsing = tuple[Items, Any, str | None]

# Rules have up to four levels. The grammar of the library recurses, and gives up at some hundred levels.
MAX_DEPTH = 12

# Atomic, as possessive groups have a fault in Python 3.11.2; see `apps.rules.text.parser`.
_SPACE = r"(?>(?:[ \r\n\t]|\#[^\n]*\n)*)"
_WHOLE = r"-?(?:[1-9][0-9]{0,30}+|[0-9])"
_EXPONENT = r"[eE][-+]?[0-9]{1,3}+"
_TOKEN = re.compile(
    rf"""{_SPACE}(?:
        '(?P<single>[^'\\\n]*+)'
      | "(?P<double>[^"\\\n]*+)"
      | (?P<mark>[{{}}(),:=])
      | (?P<int>{_WHOLE})(?![\w.])
      | (?P<float>{_WHOLE}(?:\.[0-9]{{0,30}}+(?:{_EXPONENT})?|{_EXPONENT}))(?![\w.])
      | (?P<word>[A-Za-z]++)
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_COMMENT = re.compile(
    rf"""{_SPACE}={_SPACE}(?:'{{3}}((?>(?:[^'\\]|'(?!''))*))'{{3}}|"{{3}}((?>(?:[^"\\]|"(?!""))*))"{{3}})"""
)
_CONSTANTS = {"True": True, "False": False, "None": None}
# Two surprises of the grammar: it drops white space before a closing single quote, and takes every text in
# double quotes for a double quote, so that two such keys are the same to it.
_READERS: Mapping[str, Callable[[str], Any]] = {
    "single": str.rstrip,
    "double": lambda _text: '"',
    "int": int,
    "float": float,
}

# The present symbol is a mark or a word by its text, or one of these.
_LITERAL, _END = "'", ""


class _UnusualError(Exception):
    """The text is beyond the part of the grammar that is known here."""


@dataclass(frozen=True, slots=True)
class QuickGrammar:
    """A grammar of mappings that reads usual texts itself, and gives all others to another grammar.

    Attributes
    ----------
    grammar
        The grammar of the library.
    selectors
        Name of a selector to the function that the library calls with its items.
    """

    grammar: Callable[[str], Any]
    selectors: Mapping[str, Callable[[Items], Any]]

    def __call__(self, text: str) -> _Source:
        """Return an object that reads `text` when it is asked for ``mapping()``."""
        return _Source(text, self)


@dataclass(frozen=True, slots=True)
class _Source:
    text: str
    grammar: QuickGrammar

    def mapping(self) -> Parsing:
        """Return header and selector with their items in the order of the text, and the comment or None."""
        parsing = read_usual(self.text, self.grammar.selectors)
        return parsing or self.grammar.grammar(self.text).mapping()


def read_usual(text: str, selectors: Mapping[str, Callable[[Items], Any]]) -> Parsing | None:
    """Return the parsing of a text as `QuickGrammar` does; None if only the other grammar can tell."""
    try:
        return _Reader(text, selectors).mapping()
    except _UnusualError:
        return None


class _Reader:
    """Reads one text from its beginning to its end; it is always one symbol ahead."""

    def __init__(self, text: str, selectors: Mapping[str, Callable[[Items], Any]]) -> None:
        self._text, self._selectors = text, selectors
        self._read_to = 0
        self._symbol: str = _END
        self._value: Any = None
        self._advance()

    def mapping(self) -> Parsing:
        """Return the parsing of the whole text."""
        self._skip("header")
        self._skip("=")
        header = self._items(MAX_DEPTH)
        comment = self._comment() if self._symbol == "comment" else None
        self._skip("selector")
        self._skip("=")
        selector = self._items(MAX_DEPTH) if self._symbol == "{" else self._selector(MAX_DEPTH)
        self._require(_END)
        return header, selector, comment

    def _comment(self) -> str:
        """Return the text between triple quotes, which only the comment has."""
        found = _COMMENT.match(self._text, self._read_to)
        if found is None:
            raise _UnusualError
        self._read_to = found.end()
        self._advance()
        single, double = found.groups()
        return str(double) if single is None else single.rstrip()

    def _items(self, depth: int) -> Items:
        """Return all items of a dictionary, also those with equal keys."""
        return self._list("{", "}", self._item, depth)

    def _item(self, depth: int) -> tuple[Any, Any]:
        key = self._key(depth)
        self._skip(":")
        return key, self._any(depth)

    def _key(self, depth: int) -> Any:
        return tuple(self._list("(", ")", self._key, depth)) if self._symbol == "(" else self._literal()

    def _any(self, depth: int) -> Any:
        if self._symbol == "{":
            return self._items(depth)
        if self._symbol == "(":
            return tuple(self._list("(", ")", self._any, depth))
        return self._selector(depth) if self._symbol in self._selectors else self._literal()

    def _selector(self, depth: int) -> Any:
        make = self._selectors.get(self._symbol)
        if make is None:
            raise _UnusualError
        self._advance()
        self._skip("(")
        items = self._items(depth)
        self._skip(")")
        return make(items)

    def _literal(self) -> Any:
        if self._symbol == _LITERAL:
            value = self._value
        elif self._symbol in _CONSTANTS:
            value = _CONSTANTS[self._symbol]
        else:
            raise _UnusualError
        self._advance()
        return value

    def _list(self, opening: str, closing: str, read: Callable[[int], Any], depth: int) -> list[Any]:
        """Return what `read` finds between two marks, each separated from the next by a comma."""
        if depth == 0:
            raise _UnusualError
        found: list[Any] = []
        self._skip(opening)
        while self._symbol != closing:
            found.append(read(depth - 1))
            if self._symbol != ",":
                break
            self._advance()
        self._skip(closing)
        return found

    def _skip(self, symbol: str) -> None:
        self._require(symbol)
        self._advance()

    def _require(self, symbol: str) -> None:
        if self._symbol != symbol:
            raise _UnusualError

    def _advance(self) -> None:
        """Read the next symbol."""
        found = _TOKEN.match(self._text, self._read_to)
        if found is None or found.lastgroup is None:
            raise _UnusualError
        self._read_to = found.end()
        kind, text = found.lastgroup, found[found.lastgroup]
        if kind in _READERS:
            self._symbol, self._value = _LITERAL, _READERS[kind](text)
        else:
            self._symbol = text
