"""The parser of mappings. It reads literals and selector calls, and never runs anything in the text.

The text is first checked against the few tokens that a mapping may have. This check takes linear time. After
it, Python's own parser only gets brackets, commas, literals and the names of selectors and sections.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apps.rules.errors import MappingError

SELECTORS = frozenset(
    ("Match", "UseAfter", "VersionAfter", "SelectVersion", "ClosestTime", "GeometricallyNearest", "Bracket")
)
SECTIONS = ("header", "selector", "comment")

# The largest mapping of the three observatories has 1 MB.
MAX_TEXT = 8_000_000
MAX_STRING = 20_000
MAX_COMMENT = 200_000
MAX_DIGITS = 40
MAX_DEPTH = 30
# Brackets, commas and colons. A mapping of 1 MB has 40,000. Each takes up to 1.5 kB while it is parsed.
MAX_NODES = 100_000

# In Python 3.11.2, which Debian 12 has, a possessive group `(…)*+` goes on from a wrong place after an
# attempt that failed in its middle. Atomic groups do not. The outer group is possessive, because it takes
# no memory; there the fault only moves the place that a refusal names.
_WORDS = "|".join(sorted(SELECTORS | set(SECTIONS) | {"True", "False", "None"}))
_TOKENS = re.compile(
    rf"""(?:
        [\s,:()\[\]{{}}=]++
      | \#[^\n]*+
      | '''(?>(?:[^'\\]|'(?!'')|\\.){{0,{MAX_COMMENT}}})'''
      | \"\"\"(?>(?:[^"\\]|"(?!"")|\\.){{0,{MAX_COMMENT}}})\"\"\"
      | '(?!'')(?:[^'\\\n]|\\.){{0,{MAX_STRING}}}+'
      | "(?!"")(?:[^"\\\n]|\\.){{0,{MAX_STRING}}}+"
      | [-+]?(?:[0-9]{{1,{MAX_DIGITS}}}+(?:\.[0-9]{{0,{MAX_DIGITS}}}+)?|\.[0-9]{{1,{MAX_DIGITS}}}+)
        (?:[eE][-+]?[0-9]{{1,4}}+)?(?![\w.'"])
      | (?:{_WORDS})(?![\w.'"])
    )*+""",
    re.VERBOSE | re.DOTALL,
)


_LITERALS = re.compile(
    r"""\#[^\n]*+|'''(?>(?:[^'\\]|'(?!'')|\\.)*)'''|\"{3}(?>(?:[^"\\]|"(?!"")|\\.)*)\"{3}
    |'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+\"""",
    re.VERBOSE | re.DOTALL,
)
_NODES = "([{,:"


@dataclass(frozen=True, slots=True)
class RawSelector:
    """A selector as written: its name, and its choices by key."""

    kind: str
    rows: dict[Any, Any]


@dataclass(frozen=True, slots=True)
class ParsedMapping:
    """The sections of a mapping as literals.

    Attributes
    ----------
    header
        The header as written, without any change of case.
    selector
        A dictionary in a context mapping, a selector in a reference mapping.
    comment
        The text of the comment section, or None.
    """

    header: dict[str, Any]
    selector: dict[Any, Any] | RawSelector
    comment: str | None


def parse_mapping(text: str, name: str) -> ParsedMapping:
    """Parse the text of a mapping.

    Parameters
    ----------
    text
        Whole text, decoded.
    name
        Name of the mapping, for the messages.

    Raises
    ------
    MappingError
        Raised if the text is too large, is nested too deeply, or is not made of the sections of a mapping.
    """
    _require_plain_tokens(text, name)
    try:
        sections = dict(_sections(ast.parse(text), name))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as exc:
        line = getattr(exc, "lineno", None)
        where = f" line {line}" if line else ""
        raise MappingError(f"{name}{where}: {getattr(exc, 'msg', None) or exc}") from exc
    return _checked(sections, name)


def _require_plain_tokens(text: str, name: str) -> None:
    if len(text) > MAX_TEXT:
        raise MappingError(f"{name}: has {len(text)} characters; a mapping has at most {MAX_TEXT}.")
    match = _TOKENS.match(text)
    end = match.end() if match else 0
    if end < len(text):
        line = text.count("\n", 0, end) + 1
        raise MappingError(f"{name} line {line}: {text[end : end + 30]!r} is not allowed in a mapping.")
    if _nodes(text) > MAX_NODES and (nodes := _nodes(_LITERALS.sub("", text))) > MAX_NODES:
        raise MappingError(
            f"{name}: has {nodes} brackets, commas and colons; a mapping has at most {MAX_NODES}."
        )


def _nodes(text: str) -> int:
    return sum(map(text.count, _NODES))


def _sections(module: ast.Module, name: str) -> Iterator[tuple[str, Any]]:
    for statement in module.body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise MappingError(f"{name} line {statement.lineno}: a mapping may only define its sections.")
        target = statement.targets[0]
        if not isinstance(target, ast.Name) or target.id not in SECTIONS:
            raise MappingError(
                f"{name} line {statement.lineno}: the sections of a mapping are {', '.join(SECTIONS)}."
            )
        yield target.id, _value(statement.value, MAX_DEPTH)


def _value(node: ast.expr, depth: int) -> Any:
    """Return the literal or selector of a node."""
    if isinstance(node, ast.Constant):
        return node.value
    if depth == 0:
        raise ValueError(f"more than {MAX_DEPTH} levels deep at line {node.lineno}")
    if isinstance(node, ast.Dict):
        return _dictionary(node, depth)
    if isinstance(node, ast.Tuple):
        return tuple(_value(element, depth - 1) for element in node.elts)
    if isinstance(node, ast.List):
        return [_value(element, depth - 1) for element in node.elts]
    if isinstance(node, ast.Call):
        return _selector(node, depth)
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
    ):
        return -node.operand.value  # type: ignore[operator]
    raise ValueError(f"not a literal at line {node.lineno}")


def _dictionary(node: ast.Dict, depth: int) -> dict[Any, Any]:
    rows: dict[Any, Any] = {}
    for key, choice in zip(node.keys, node.values, strict=True):
        if key is None:
            raise ValueError(f"a key is missing at line {choice.lineno}")
        rows[_value(key, depth - 1)] = _value(choice, depth - 1)
    return rows


def _selector(node: ast.Call, depth: int) -> RawSelector:
    if not isinstance(node.func, ast.Name) or node.func.id not in SELECTORS:
        raise ValueError(f"unknown selector at line {node.lineno}")
    if len(node.args) != 1 or node.keywords or not isinstance(node.args[0], ast.Dict):
        raise ValueError(f"selector {node.func.id} at line {node.lineno} must have one dictionary")
    return RawSelector(node.func.id, _dictionary(node.args[0], depth - 1))


def _checked(sections: dict[str, Any], name: str) -> ParsedMapping:
    header, selector, comment = (sections.get(section) for section in SECTIONS)
    if not isinstance(header, dict) or not all(isinstance(key, str) for key in header):
        raise MappingError(f"{name}: the header must be a dictionary with text as keys.")
    if not isinstance(selector, dict | RawSelector):
        raise MappingError(f"{name}: the selector must be a dictionary or a selector.")
    return ParsedMapping(header, selector, comment if isinstance(comment, str) else None)
