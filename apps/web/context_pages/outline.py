"""The outline of a context: instruments, types, and numbers of references."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from django.conf import settings
from django.urls import reverse

from apps.contexts import queries as contexts
from apps.contexts.errors import UnusableContextError
from apps.core.errors import NotFoundError
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiled_selectors import references_in
from apps.rules.observatories import get_observatory
from apps.rules.text.special_values import SPECIAL

CONTEXTS = 64  # Contexts whose counts are kept; files are immutable, so the counts stay true.


class UnknownPartError(NotFoundError):
    """An instrument or type that a context does not have; the message names those it has."""

    code = "unknown_part"


@dataclass(frozen=True, slots=True)
class Reftype:
    """One type of an instrument.

    Attributes
    ----------
    text
        Description by the observatory, or empty.
    rmap
        Name of its rmap; empty if the context has no rules for it.
    word
        Word in place of rules, for example ``N/A``; empty if there are rules.
    references
        Number of different references in its rules; None if the rmap cannot be read here.
    address, map_address
        Addresses of its table, and of its place in the map of the context.
    """

    name: str
    text: str
    rmap: str
    word: str
    references: int | None
    address: str
    map_address: str

    @property
    def title(self) -> str:
        """The name with the description."""
        return f"{self.name} ---- {self.text}" if self.text else self.name


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument of a context."""

    name: str
    imap: str
    word: str
    reftypes: tuple[Reftype, ...]
    address: str
    map_address: str

    @property
    def active(self) -> int:
        """The number of types with rules."""
        return sum(bool(reftype.rmap) for reftype in self.reftypes)

    @property
    def references(self) -> int:
        """The number of references in the rules."""
        return sum(reftype.references or 0 for reftype in self.reftypes)

    def reftype(self, name: str) -> Reftype:
        """Return one of the types, or raise `UnknownPartError`."""
        return _one_of(self.reftypes, name, f"{self.name.upper()} has no type")


@dataclass(frozen=True, slots=True)
class Outline:
    """The instruments of a context.

    Attributes
    ----------
    problem
        The reason why references could not be counted, or empty.
    """

    name: str
    instruments: tuple[Instrument, ...]
    problem: str

    @property
    def references(self) -> int:
        """The number of references in the rules."""
        return sum(instrument.references for instrument in self.instruments)

    @property
    def rmaps(self) -> int:
        """The number of types with rules."""
        return sum(instrument.active for instrument in self.instruments)

    def instrument(self, name: str) -> Instrument:
        """Return one of the instruments, or raise `UnknownPartError`."""
        return _one_of(self.instruments, name, f"{self.name} has no instrument")


Part = TypeVar("Part", Reftype, Instrument)


def _one_of(parts: tuple[Part, ...], name: str, problem: str) -> Part:
    for part in parts:
        if part.name == name.lower():
            return part
    known = ", ".join(part.name for part in parts) or "nothing"
    raise UnknownPartError(f"{problem} {name[:64]!r}; it has {known}.")


def find_outline(name: str, *, counted: bool = True) -> Outline:
    """Return the outline of a context; with `counted`, the first call reads all its rules.

    Raises
    ------
    UnknownContextError, UnusableContextError
        Raised if the pmap or one of its imaps is not here. A missing rmap only sets `problem`.
    """
    mappings = contexts.upper_mappings_of(name)
    counts: Mapping[str, int] = {}
    problem = ""
    try:
        counts = _counts(str(settings.ARTIFACT_ROOT), name) if counted else {}
    except UnusableContextError as exc:
        problem = str(exc)
    parts = sorted(mappings[name].selections)
    instruments = (_instrument(name, part, _plain(imap), mappings, counts) for part, imap in parts)
    return Outline(name, tuple(instruments), problem)


@lru_cache(maxsize=CONTEXTS)
def _counts(site: str, name: str) -> Mapping[str, int]:
    """Return the number of references of each mapping of a context; the cache needs `site`, the store."""
    return {member: _count(mapping) for member, mapping in contexts.mappings_of(name).items()}


def _count(mapping: CompiledMapping) -> int:
    return len(set(references_in(mapping.selector)) - SPECIAL) if mapping.selector else 0


def _plain(name: str) -> str:
    """Return the word or mapping name of a part, without the directory that a few old contexts have."""
    return name.rpartition("/")[2] if name.endswith("map") else name


def _instrument(
    context: str, name: str, imap: str, mappings: Mapping[str, CompiledMapping], counts: Mapping[str, int]
) -> Instrument:
    known = get_observatory(settings.OBSERVATORY).reftypes.get(name, {})
    is_there = imap in mappings
    parts = sorted(mappings[imap].selections) if is_there else []
    reftypes = tuple(
        _reftype(context, name, part, _plain(rmap), known.get(part, ""), counts) for part, rmap in parts
    )
    return Instrument(
        name=name,
        imap=imap if is_there else "",
        word="" if is_there else imap,
        reftypes=reftypes,
        address=reverse("web:instrument_table", args=[context, name]),
        map_address=reverse("web:instrument_map", args=[context, name]),
    )


def _reftype(
    context: str, instrument: str, name: str, rmap: str, text: str, counts: Mapping[str, int]
) -> Reftype:
    is_there = rmap.endswith(".rmap")
    return Reftype(
        name=name,
        text=text,
        rmap=rmap if is_there else "",
        word="" if is_there else rmap,
        references=counts.get(rmap) if is_there else 0,
        address=reverse("web:reftype_table", args=[context, instrument, name]),
        map_address=reverse("web:reftype_map", args=[context, instrument, name]),
    )
