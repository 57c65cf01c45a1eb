"""The writer of mappings, the opposite of `parser`.

The layout is that of the client, so files written by either side differ only where their rules differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.rules.errors import MappingError
from apps.rules.text.checksum import text_checksum
from apps.rules.text.parser import SELECTORS, RawSelector

INDENT = " " * 4
CHECKSUM = "sha1sum"
_ATOMS = frozenset((str, int, float, bool, type(None)))


def write_mapping(
    header: Mapping[str, Any], selector: RawSelector | Mapping[str, Any], *, comment: str = ""
) -> str:
    """Return the text of a mapping, with its checksum.

    `parse_mapping` reads the same values back. Headers and selections are sorted by key.

    Parameters
    ----------
    header
        All fields but ``sha1sum``, which is computed and replaces a given one.
    selector
        A selector for an rmap. For an imap or pmap: reference type or instrument to the name of a mapping,
        ``N/A`` or ``OMIT``.
    comment
        Free text between header and selector; none if empty.

    Raises
    ------
    MappingError
        Raised if a value has no literal, or if the text mentions ``sha1sum``. The client leaves every line
        with that word out of the checksum, so such a line would be unprotected.

    Notes
    -----
    Source: ``Mapping.format`` and ``Mapping._get_checksum`` of the client.

    Examples
    --------
    >>> header = {"mapping": "PIPELINE", "name": "tobs_0001.pmap"}
    >>> print(write_mapping(header, {"TINST": "tobs_tinst_0001.imap"}))
    header = {
        'mapping' : 'PIPELINE',
        'name' : 'tobs_0001.pmap',
        'sha1sum' : 'd5359b5e355c950ae0089dacb6f7d8e215f098b1',
    }
    <BLANKLINE>
    selector = {
        'TINST' : 'tobs_tinst_0001.imap',
    }
    <BLANKLINE>
    """
    unsigned = {key: value for key, value in header.items() if key != CHECKSUM}
    body = _render(unsigned, selector, comment)
    if CHECKSUM in body:
        raise MappingError(f"A mapping may mention {CHECKSUM} only where it states its own.")
    return _render({**unsigned, CHECKSUM: text_checksum(body)}, selector, comment)


def _render(header: Mapping[str, Any], selector: RawSelector | Mapping[str, Any], comment: str) -> str:
    parts = [f"header = {_value(header, 0)}\n"]
    if comment:
        parts.append(f"comment = {_comment(comment)}\n")
    parts.append(f"selector = {_value(selector, 0)}\n")
    return "\n".join(parts)


def _comment(text: str) -> str:
    """Return the text between triple quotes. Refuse text that would end or change the literal."""
    if not _is_encodable(text):
        raise MappingError("The comment holds half a surrogate pair, which cannot be written to a file.")
    if '"""' in text or text.endswith('"') or set(text) & {"\\", "\r", "\0"}:
        raise MappingError(
            "A comment must not hold triple quotes, backslashes, carriage returns or NULs or end in a quote."
        )
    return f'"""{text}"""'


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _value(value: Any, depth: int) -> str:
    """Return a value as source text that a reader of literals takes back as the same value."""
    if isinstance(value, Mapping):
        return _braces(value.items(), depth)
    if isinstance(value, RawSelector):
        if value.kind not in SELECTORS:
            raise MappingError(
                f"{value.kind!r} is not a selector. The selectors are {', '.join(sorted(SELECTORS))}."
            )
        return f"{value.kind}({_braces(value.rows.items(), depth)})"
    _require_literal(value)
    return repr(value)


def _braces(items: Iterable[tuple[Any, Any]], depth: int) -> str:
    lines = [
        f"{INDENT * (depth + 1)}{_key(key)} : {_value(value, depth + 1)},\n"
        for key, value in sorted(items, key=lambda item: _sort_key(item[0]))
    ]
    return "".join(["{\n", *lines, INDENT * depth, "}"])


def _sort_key(key: Any) -> tuple[str, ...]:
    """Return the sort key of a key. Numbers are sorted among texts by their digits."""
    return tuple(map(str, key)) if isinstance(key, tuple) else (str(key),)


def _key(key: Any) -> str:
    for part in key if isinstance(key, tuple) else (key,):
        if type(part) not in _ATOMS:
            raise MappingError(f"A key must be text, a number or a tuple of these, not {key!r}.")
    return repr(key)


def _require_literal(value: Any) -> None:
    """Refuse a value without a literal, also inside tuples, lists and dictionaries."""
    if type(value) in {tuple, list}:
        for part in value:
            _require_literal(part)
    elif type(value) is dict:
        for part in (*value, *value.values()):
            _require_literal(part)
    elif type(value) not in _ATOMS or repr(value) in {"nan", "inf", "-inf"}:
        raise MappingError(f"{value!r} cannot be written into a mapping.")
