"""Checks of parameter values, built once from the annotations of a method."""

import types
import typing
from collections.abc import Callable
from typing import Any

# A check returns None for a value that fits, else the fault: "must be text; a list was found".
Check = Callable[[Any], str | None]

_WORDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    types.NoneType: "null",
}
_LARGEST = 2**63 - 1  # The largest whole number that a database can hold.


def check_for(annotation: Any) -> Check:
    """Return the check of an annotation.

    The annotation may be ``str int float bool None Any object``, ``list[...]``, ``dict[str, ...]`` or a union
    of these. Anything else is a fault in our code and fails when the method is registered.
    """
    if annotation in (Any, object):
        return lambda value: None
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return _union(arguments)
    if origin is list:
        return _list(arguments[0])
    if origin is dict and arguments[0] is str:
        return _dict(arguments[1])
    if annotation is int:
        return _whole_number
    if annotation in _WORDS:
        return _plain((annotation, int) if annotation is float else (annotation,), _WORDS[annotation])
    raise TypeError(f"no parameter can be of type {annotation!r}")


def word_for(value: Any) -> str:
    """Return the word for the type of a JSON value."""
    return _WORDS[type(value)]


def _must_be(wanted: str, value: Any) -> str:
    return f"must be {wanted}; {word_for(value)} was found"


def _plain(accepted: tuple[type, ...], word: str) -> Check:
    # Compare the exact type: in Python, but not in JSON, true is a whole number.
    return lambda value: None if type(value) in accepted else _must_be(word, value)


def _whole_number(value: Any) -> str | None:
    if type(value) is not int:
        return _must_be("a whole number", value)
    return None if abs(value) <= _LARGEST else f"must be a whole number up to {_LARGEST}"


def _union(arguments: tuple[Any, ...]) -> Check:
    checks = {_kind(argument): check_for(argument) for argument in arguments}
    wanted = " or ".join(_WORDS[kind] for kind in checks)

    def check(value: Any) -> str | None:
        found = checks.get(type(value))
        return found(value) if found else _must_be(wanted, value)

    return check


def _kind(annotation: Any) -> type:
    return typing.get_origin(annotation) or annotation


def _list(element: Any) -> Check:
    check_element = check_for(element)

    def check(value: Any) -> str | None:
        if type(value) is not list:
            return _must_be("a list", value)
        if element is str and set(map(type, value)) <= {str}:  # A header list may have 40,000 names.
            return None
        for index, item in enumerate(value):
            if wrong := check_element(item):
                return f"[{index}] {wrong}"
        return None

    return check


def _dict(element: Any) -> Check:
    check_element = check_for(element)

    def check(value: Any) -> str | None:
        if type(value) is not dict:
            return _must_be("an object", value)
        if element is str and set(map(type, value.values())) <= {str}:
            return None
        for key, item in value.items():
            if wrong := check_element(item):
                return f"[{key[:100]!r}] {wrong}"
        return None

    return check
