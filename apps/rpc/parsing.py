"""The parser of JSON from outside; every failure is a `ParseError`."""

import codecs
from collections.abc import Iterator
from typing import Any

import orjson

from apps.rpc.budgets import shape
from apps.rpc.errors import ParseError


def parse(body: bytes) -> Any:
    """Return the document in a request body.

    NaN, infinities, numbers that no floating point number can hold, half surrogate pairs, and bodies beyond
    `budgets.shape` are refused. If a key is twice in one object, the last one counts.

    Raises
    ------
    ParseError
        Raised with a text that names the position.
    """
    if not body.strip():
        raise ParseError("The body is empty; a JSON object with 'method' and 'params' was expected.")
    if fault := shape().fault(body):
        raise ParseError(f"The body is too large to be parsed: {fault}.")
    try:
        return orjson.loads(body.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as exc:
        raise ParseError(_unread(body, exc)) from None


def _unread(body: bytes, error: Exception) -> str:
    """Return the reason why a body cannot be read: its encoding or its text."""
    if body.startswith(b"\x1f\x8b"):
        return "The body is compressed by gzip; send JSON in UTF-8."
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in body[:2]:
        return "The body is in UTF-16 or UTF-32; send JSON in UTF-8."
    try:
        body.decode()
    except UnicodeDecodeError as exc:
        where = f"byte 0x{body[exc.start]:02x} at position {exc.start}"
        return f"The body is not in UTF-8, as JSON must be: {where}."
    return f"The body is not JSON: {error}."


def holds_nul(value: Any) -> bool:
    r"""Return whether a text inside `value` holds the character NUL, which no database or file can keep.

    Only the escape ``\u0000`` brings it into a parsed document.
    """
    return any("\0" in text for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a document, including keys, without recursion."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
