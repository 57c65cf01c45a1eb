"""What a context consists of: its instruments, their types, and how many references each has."""

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

CONTEXTS = 64  # Contexts whose counts are kept; files are immutable, so they hold for ever.


class UnknownPartError(NotFoundError):
    """A context has no such instrument or type; the message names those it has."""

    code = "unknown_part"


@dataclass(frozen=True, slots=True)
class Reftype:
    """One type of an instrument.

    Attributes
    ----------
    text
        What the observatory calls it; empty if it does not say.
    rmap
        Its rules; empty if the context has none.
    word
        What the context says instead of rules, ``N/A`` say; else empty.
    references
        How many different ones its rules name; None if the rmap cannot be read here.
    address, map_address
        Of its table, and of its place in the map of the context.
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
        """How people know it."""
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
        """How many of its types have rules."""
        return sum(bool(reftype.rmap) for reftype in self.reftypes)

    @property
    def references(self) -> int:
        """How many references its rules name."""
        return sum(reftype.references or 0 for reftype in self.reftypes)

    def reftype(self, name: str) -> Reftype:
        """Return one of its types, or raise."""
        return _one_of(self.reftypes, name, f"{self.name.upper()} has no type")


@dataclass(frozen=True, slots=True)
class Outline:
    """A context.

    Attributes
    ----------
    problem
        Why references could not be counted; empty if they were.
    """

    name: str
    instruments: tuple[Instrument, ...]
    problem: str

    @property
    def references(self) -> int:
        """How many references its rules name."""
        return sum(instrument.references for instrument in self.instruments)

    @property
    def rmaps(self) -> int:
        """How many types have rules."""
        return sum(instrument.active for instrument in self.instruments)

    def instrument(self, name: str) -> Instrument:
        """Return one of its instruments, or raise."""
        return _one_of(self.instruments, name, f"{self.name} has no instrument")


Part = TypeVar("Part", Reftype, Instrument)


def _one_of(parts: tuple[Part, ...], name: str, complaint: str) -> Part:
    for part in parts:
        if part.name == name.lower():
            return part
    known = ", ".join(part.name for part in parts) or "nothing"
    raise UnknownPartError(f"{complaint} {name[:64]!r}; it has {known}.")


def find_outline(name: str, *, counted: bool = True) -> Outline:
    """Return what a context consists of; to count references reads all its rules the first time.

    Raises
    ------
    UnknownContextError, UnusableContextError
        Raised if its own mapping or one of an instrument is not here; a missing rmap is told in `problem`.
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
    """Return each mapping of a context with the number of references it names; `site` tells stores apart."""
    return {member: _count(mapping) for member, mapping in contexts.mappings_of(name).items()}


def _count(mapping: CompiledMapping) -> int:
    return len(set(references_in(mapping.selector)) - SPECIAL) if mapping.selector else 0


def _plain(name: str) -> str:
    """Return what a mapping says of a part; a directory, as in a few old contexts, is no part of a name."""
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
