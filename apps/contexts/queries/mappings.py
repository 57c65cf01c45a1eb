"""Queries for contexts and mappings by name."""

from collections.abc import Iterable

from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.catalog.states import FileKind, FileState
from apps.contexts.errors import (
    UnknownContextError,
)
from apps.contexts.memory import pool
from apps.rules.errors import CrdsError
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.context import Context
from apps.rules.naming.file_names import is_file_name


def get_pmap(name: str) -> File:
    """Return the row of an official context.

    Raises
    ------
    UnknownContextError
        Raised if `name` is not the name of a pmap, or no confirmed file has it.
    """
    if not (is_file_name(name) and name.endswith(".pmap")):
        raise UnknownContextError(f"{name[:128]!r} is not the name of a pipeline context (.pmap).")
    file = catalog.find_file(name)
    if file is None or file.state == FileState.UPLOADED:
        raise UnknownContextError(f"Context {name!r} is not known to this server.")
    return file


def get_context(name: str) -> Context:
    """Return a context by the name of its pmap, ready for lookups and shared by all threads.

    Raises
    ------
    UnknownContextError
        Raised if there is no such mapping.
    UnusableContextError
        Raised if it, or a mapping it needs, is not held, damaged or refused; the message names the culprit.
    """
    return pool().context(name)


def contexts_named(names: Iterable[str]) -> dict[str, Context | CrdsError]:
    """Return many contexts by name, or for each the reason why it cannot be used.

    An imap gives the rules of one instrument.
    """
    return pool().contexts(names)


def imap_of(context: str, instrument: str) -> str | None:
    """Return the imap or special value that a pmap names for a lower case instrument, or None.

    Raises
    ------
    UnknownContextError, UnusableContextError
        As `get_context`.
    """
    selections = pool().selections(context)
    return {key.lower(): imap for key, imap in selections.items()}.get(instrument)


def is_in_memory(name: str) -> bool:
    """Return whether `get_context` returns a context at once."""
    return pool().holds(name)


def mapping_names(name: str) -> tuple[str, ...]:
    """Return the closure of any mapping, itself included, sorted; wrong sha1sums inside do not matter.

    Raises
    ------
    UnknownContextError, UnusableContextError
        As `get_context`; also raised where the closure cannot be known because a pmap or imap is not held.
    """
    return pool().closure(name)


def reference_names(name: str) -> tuple[str, ...]:
    """Return all references that the closure of any mapping names, sorted; errors as `mapping_names`."""
    loaded = pool().members(name).values()
    return tuple(sorted({reference for one in loaded for reference in one.mapping.references}))


def mappings_of(name: str) -> dict[str, CompiledMapping]:
    """Return the closure of any mapping as it is in memory, by name; errors as `mapping_names`.

    Wrong sha1sums inside the mappings do not matter, but every rmap must be held.
    """
    return {member: loaded.mapping for member, loaded in pool().members(name).items()}


def upper_mappings_of(name: str) -> dict[str, CompiledMapping]:
    """Return the pmap and imaps of a closure by name; errors as `mapping_names`."""
    return {member: loaded.mapping for member, loaded in pool().upper_members(name).items()}


def bad_mappings(name: str) -> list[str]:
    """Return the mappings of a closure that were marked bad themselves, sorted; errors as `mapping_names`."""
    bad = File.objects.filter(kind=FileKind.MAPPING, rejected=True).values_list("name", flat=True)
    return sorted(set(bad) & set(mapping_names(name)))
