"""The rules of rmaps as rows, kept in memory: files are immutable, so nothing here expires."""

from functools import lru_cache

from django.conf import settings

from apps.contexts import queries as contexts
from apps.contexts.errors import UnusableContextError
from apps.rules.lookup.rules_as_rows import Listing, list_rules

RMAPS = 64  # rmaps kept as rows, up to a megabyte each


def rules_of(rmap: str) -> Listing:
    """Return the rules of an rmap as rows.

    Raises
    ------
    UnknownContextError, UnusableContextError
        Raised if the rmap is not here, cannot be read, or has no rules for references.
    """
    return _known_rules(str(settings.ARTIFACT_ROOT), rmap)


def list_once(rmap: str) -> Listing:
    """Return the rules of an rmap without keeping them; errors as `rules_of`."""
    mapping = contexts.mappings_of(rmap)[rmap]
    if mapping.selector is None:
        raise UnusableContextError(f"{rmap} has no rules for references.")
    return list_rules(mapping.selector, mapping.definition)


@lru_cache(maxsize=RMAPS)
def _known_rules(site: str, rmap: str) -> Listing:
    """Return the rules of an rmap; the cache needs `site`, the store."""
    return list_once(rmap)
