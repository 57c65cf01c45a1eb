"""The rules of a context that select a reference."""

from collections.abc import Collection
from dataclasses import dataclass

from apps.contexts import queries
from apps.contexts.memory import pool
from apps.rules.lookup.rules_as_rows import Listing, list_rules


@dataclass(frozen=True, slots=True)
class Lookup:
    """The match paths of one rmap that select a reference."""

    rmap: str
    listing: Listing


def lookups_of(reference: str, context: str, *, rmaps: Collection[str]) -> list[Lookup]:
    """Return the rules of a context that select a reference, by rmap.

    Parameters
    ----------
    context
        Name of a pmap.
    rmaps
        The rmaps that name the reference (`mapping_uses.uses_of`); the context may contain some of them.

    Raises
    ------
    UnknownContextError, UnusableContextError
        As `queries.mapping_names`, and if an rmap cannot be read.
    """
    members = sorted(set(queries.mapping_names(context)).intersection(rmaps))
    found = (Lookup(name, _paths(name, reference)) for name in members if name.endswith(".rmap"))
    return [lookup for lookup in found if lookup.listing.rows]


def _paths(rmap: str, reference: str) -> Listing:
    mapping = pool().members(rmap)[rmap].mapping
    if mapping.selector is None:
        return Listing((), ())
    whole = list_rules(mapping.selector, mapping.definition)
    return Listing(whole.keys, tuple(row for row in whole.rows if reference in row.references))
