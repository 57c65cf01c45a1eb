"""Every address of the server, from its URL table, with the things of a small site as parameters.

An address with a parameter that has no value here fails the tests that walk over the table: give it one.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize


@dataclass(frozen=True)
class Address:
    """One address and the view that answers it; its route has names in place of the parameters."""

    path: str
    view: Callable[..., Any]
    name: str
    route: str

    def __str__(self) -> str:
        return self.path


def every_address(values: Mapping[str, str]) -> list[Address]:
    """Return all addresses, each spelling once.

    Parameters
    ----------
    values
        Parameter to value; a key such as ``browse/name`` is for the addresses that begin with its first part.
    """
    return [
        Address(path, pattern.callback, str(pattern.name or pattern.callback.__name__), route)
        for prefix, pattern in _patterns(get_resolver(), "/")
        for path, route in _spellings(prefix, pattern, values)
    ]


def _patterns(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, prefix + str(entry.pattern))
        else:
            yield prefix, entry


def _spellings(prefix: str, pattern: URLPattern, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    route = getattr(pattern.pattern, "_route", None)
    if route is not None:
        forms = [(re.sub(r"<(?:\w+:)?(\w+)>", r"%(\1)s", route), re.findall(r"<(?:\w+:)?(\w+)>", route))]
    else:
        # Django's reader knows no alternatives outside of parameters; the first one stands for all.
        simple = re.sub(r"\(\?:([^|()]*)\|[^()]*\)", r"\1", pattern.pattern.regex.pattern)
        forms = normalize(simple.replace(r"\Z", ""))
    for form, names in forms:
        filled = prefix + form % {name: _value(form, name, values) for name in names}
        yield filled, prefix + form % {name: f"<{name}>" for name in names}


def _value(form: str, name: str, values: Mapping[str, str]) -> str:
    key = f"{form.split('/')[0]}/{name}"
    if key in values:
        return values[key]
    assert name in values, f"tests/factories/world.py has no value for {name!r} of the address {form}"
    return values[name]
