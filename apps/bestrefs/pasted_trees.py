"""Headers in structured texts: JSON, Python dictionaries, YAML, and the tree of an ASDF file."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from apps.certify.headers import UnreadableHeaderError, read_asdf_tree
from apps.certify.trees import UnreadableTreeError, flatten, read_yaml
from apps.core.errors import InvalidInputError
from apps.rules.observatories.missions import INSTRUMENT_KEYWORDS

ASDF_START = "#ASDF"
DEEPEST_LITERAL = 50  # levels

# Lines that `crds list` and other programs print between headers.
_TITLES = re.compile(r"^(?:Dataset pars for .*:|CRDS *- .*)$", re.MULTILINE)
_TOKEN = re.compile(
    r"""\s+|[{}\[\](),:]|'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+"|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|(?:True|False|None)\b"""
)
_FLAT_LINE = re.compile(r"\s*(?:#.*|---.*|\.\.\.|%.*|[^\s=:#][^=:]*:(?:\s.*)?)?")
_HEADER = "header"  # The key of the header, beside the id, in the lines of an import of datasets.


def is_literal(text: str) -> bool:
    """Return whether a text holds JSON objects or Python dictionaries, perhaps with titles before them."""
    return _TITLES.sub("", text).lstrip("\ufeff \t\r\n").startswith("{")


def is_yaml(text: str) -> bool:
    """Return whether each line of a text could be a line of YAML with keys."""
    return all(_FLAT_LINE.fullmatch(line) for line in text.splitlines()) and ":" in text


def read_asdf(text: str) -> dict[str, str]:
    """Return the header in the tree of an ASDF file.

    Raises
    ------
    InvalidInputError
        Raised if the tree does not end, or cannot be read.
    """
    try:
        return read_asdf_tree(text.replace("\r\n", "\n").encode())
    except UnreadableHeaderError as exc:
        raise InvalidInputError(f"The text begins as an ASDF file does, but {exc}.") from exc


def read_flat_yaml(text: str) -> dict[str, str] | None:
    """Return the header in a YAML text, or None if the text is not a YAML mapping.

    Values stay as written: OFF is the setting of a lamp, not a truth value.
    """
    try:
        tree = read_yaml(text, as_written=True)
        return dict(flatten(tree)) if isinstance(tree, Mapping) else None
    except UnreadableTreeError:
        return None


def read_literal(text: str) -> dict[str, str]:
    """Return the header in a JSON text or a Python dictionary.

    Raises
    ------
    InvalidInputError
        Raised if the text cannot be read, or holds the headers of several datasets.
    """
    try:
        trees = [tree for part in _TITLES.split(text) for tree in _trees(part.strip("\ufeff \t\r\n"))]
        headers = [header for tree in trees for header in _headers(tree)]
        if len(headers) > 1:
            named = [name or "one without an id" for name, _header in headers]
            raise InvalidInputError(
                f"The text holds {len(headers)} headers ({', '.join(named[:5])}{', …' * (len(named) > 5)}); "
                "keep the one you ask about."
            )
        return dict(flatten(headers[0][1])) if headers else {}
    except (UnreadableTreeError, ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as exc:
        raise InvalidInputError(
            "The text begins as JSON or a Python dictionary does, but cannot be read: "
            f"{getattr(exc, 'msg', None) or exc}."
        ) from exc


def _trees(text: str) -> Iterator[Any]:
    """Yield the values in a text: JSON values one after the other, or one Python dictionary."""
    decoder, position = json.JSONDecoder(), 0
    found = []
    try:
        while position < len(text):
            tree, position = decoder.raw_decode(text, position)
            found.append(tree)
            position += len(text[position:]) - len(text[position:].lstrip())
    except ValueError:
        _require_plain(text)
        found = [ast.literal_eval(text)]
    yield from found


def _require_plain(text: str) -> None:
    """Refuse text that no printed dictionary holds, because Python's own reader trusts its input."""
    position = depth = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            line = text.count("\n", 0, position) + 1
            raise ValueError(f"line {line}: {text[position : position + 30]!r} was not expected")
        depth += (token[0] in "{[(") - (token[0] in "}])")
        if depth > DEEPEST_LITERAL:
            raise ValueError(f"it is nested deeper than {DEEPEST_LITERAL} levels")
        position = token.end()


def _headers(tree: Any) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Yield id and header of each dataset in a tree; a header by itself has an empty id."""
    if not isinstance(tree, Mapping):
        raise ValueError("an object with keywords was expected")
    if isinstance(tree.get(_HEADER), Mapping):
        yield str(tree.get("dataset_id", "")), tree[_HEADER]
    elif tree and all(_is_entry(key, value) for key, value in tree.items()):
        yield from ((str(key), value) for key, value in tree.items())
    else:
        yield "", tree


def _is_entry(key: Any, value: Any) -> bool:
    """Return whether a key is the id of a dataset and the value is its header."""
    if not isinstance(value, Mapping):
        return False
    named = {str(each).upper() for each, text in value.items() if isinstance(text, str)}
    return ":" in str(key) or not named.isdisjoint(INSTRUMENT_KEYWORDS)
