"""The facts of one request that published rows depend on: addresses, pointers and the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from django.conf import settings

from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.vo.addresses import ClientOrigin
from apps.vo.identity.reader import Reader


class Facts(Mapping[str, str]):
    """SQL literal by the name of a fact; a fact is only looked up if a query needs it."""

    def __init__(self, base: ClientOrigin, reader: Reader) -> None:
        self._makers: dict[str, Callable[[], str]] = {
            "reader": lambda: literal(reader.name),
            "sees_all": lambda: str(int(reader.sees_all)),
            "observatory": lambda: literal(settings.OBSERVATORY),
            "did": lambda: literal(did_prefix()),
            "links": lambda: literal(base.links("")),
            "data": lambda: literal(base.data("")),
            "mappings": lambda: literal(base.folder("mappings")),
            "references_url": lambda: literal(base.folder("references")),
            "latest": lambda: literal(contexts.find_pointed(Pointer.LATEST) or ""),
            "edit": lambda: literal(contexts.find_pointed(Pointer.EDIT) or ""),
            "builds": _builds,
        }

    def __getitem__(self, name: str) -> str:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def did_prefix() -> str:
    """Return the beginning of the IVOA identifiers of this server."""
    return f"ivo://{settings.IVOA_AUTHORITY}/{settings.OBSERVATORY}/ID?"


def _builds() -> str:
    names = set(contexts.build_contexts().values())
    return ", ".join(map(literal, sorted(names))) or "''"


def literal(text: str) -> str:
    """Return a text as an SQL literal, in which nothing but the quote has a meaning on either database."""
    return "'" + text.replace("\0", "").replace("'", "''") + "'"
