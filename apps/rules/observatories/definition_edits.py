"""Small edits of the text of a definition or an overlay, which keep its comments and its order.

The text must have been read without mistakes before, so that it has no aliases and tags. Whoever edits it
reads the result again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

Path = tuple[str, ...]

_PLAIN = re.compile(r"[A-Za-z0-9_./+][A-Za-z0-9_./+\-]*(?: [A-Za-z0-9_./+\-]+)*")

_FORBIDDEN = re.compile("[\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")


def with_value(text: str, path: Path, value: Any) -> str:
    """Return the text with a value at a path; what is missing on the way is added.

    Parameters
    ----------
    path
        Keys from the top, whose case does not matter.
    value
        A text, or lists and mappings of texts.

    Examples
    --------
    >>> print(with_value("a: {b: [1]}  # one", ("a", "c", "d"), ["x", "y: z"]))
    a: {b: [1], c: {d: [x, "y: z"]}}  # one
    """
    node = _root(text)
    for position, key in enumerate(path):
        child = _child(node, key)
        if child is None:
            return _with_key(text, node, key, _nested(path[position + 1 :], value))
        node = child
    return _spliced(text, node.start_mark.index, _end(node), _flow(value))


def with_items(text: str, path: Path, items: Sequence[str]) -> str:
    """Return the text with further items of the list at a path, which is added if it is missing.

    A mapping with the key ``values`` may stand for the list, and so may its only item.

    Examples
    --------
    >>> print(with_items("FILTER: [J]", ("FILTER",), ["H"]), with_items("FILTER: J", ("FILTER",), ["H"]))
    FILTER: [J, H] FILTER: [J, H]
    """
    node = _find(text, path)
    if isinstance(node, yaml.MappingNode):
        return with_items(text, (*path, "values"), items)
    if node is None:
        return with_value(text, path, list(items))
    added = ", ".join(map(_flow, items))
    if isinstance(node, yaml.ScalarNode):
        old = text[node.start_mark.index : _end(node)]
        return _spliced(text, node.start_mark.index, _end(node), f"[{old}, {added}]")
    if node.flow_style or not node.value:
        return _with_flow(text, node, added)
    lines = "".join(f"{' ' * node.start_mark.column}- {_flow(item)}\n" for item in items)
    return _with_lines(text, node, lines)


def _root(text: str) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.compose(text, Loader=loader)


def _find(text: str, path: Path) -> Any:
    node = _root(text)
    for key in path:
        node = _child(node, key)
    return node


def _child(node: Any, key: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        for found, value in node.value:
            if found.value.lower() == key.lower():
                return value
    return None


def _with_key(text: str, node: Any, key: str, value: Any) -> str:
    entry = f"{_flow(key)}: {_flow(value)}"
    if node.flow_style or not node.value:
        return _with_flow(text, node, entry)
    return _with_lines(text, node, f"{' ' * node.start_mark.column}{entry}\n")


def _with_flow(text: str, node: Any, entry: str) -> str:
    """Put an entry at the end of a list or mapping in brackets."""
    if not node.value:
        return _spliced(text, node.start_mark.index + 1, _end(node) - 1, entry)
    place = _end(_last(node))
    return _spliced(text, place, place, f", {entry}")


def _with_lines(text: str, node: Any, lines: str) -> str:
    """Put lines after the last entry of a list or mapping in lines."""
    end = _end(node)
    place = end if text[end - 1 : end] == "\n" else text.find("\n", end) + 1
    if place == 0:
        return f"{text}\n{lines}"
    return _spliced(text, place, place, lines)


def _last(node: Any) -> Any:
    last = node.value[-1]
    return last[1] if isinstance(node, yaml.MappingNode) else last


def _end(node: Any) -> int:
    """Return where the text of a node ends; that of a list or mapping in lines ends with its last entry."""
    is_in_lines = not isinstance(node, yaml.ScalarNode) and not node.flow_style and node.value
    end: int = _end(_last(node)) if is_in_lines else node.end_mark.index
    return end


def _spliced(text: str, start: int, end: int, new: str) -> str:
    return f"{text[:start]}{new}{text[end:]}"


def _nested(path: Path, value: Any) -> Any:
    return {path[0]: _nested(path[1:], value)} if path else value


def _flow(value: Any) -> str:
    """Return a value in one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_flow(key)}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{', '.join(map(_flow, value))}]"
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    # Some characters may not stand in YAML, but their escapes may.
    return _FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
