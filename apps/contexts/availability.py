"""The files of a context, and whether people can get them all."""

from collections.abc import Collection

from django.db.models import Q

from apps.catalog import usage
from apps.catalog.models import File
from apps.catalog.queries import CHUNK
from apps.catalog.states import FileState
from apps.contexts import queries
from apps.contexts.states import ARRIVED


def closure(name: str) -> frozenset[str]:
    """Return all files of a context, mappings and references; errors as `queries.mapping_names`."""
    return frozenset((*queries.mapping_names(name), *queries.reference_names(name)))


def available() -> Q:
    """Return the condition on files whose bytes people can get: confirmed, and here or in the archive."""
    is_here = Q(held_at__isnull=False) & ~Q(state=FileState.UPLOADED)
    return is_here | Q(state__in=ARRIVED)


def unavailable_names() -> set[str]:
    """Return the names of all catalogued files that people cannot get; usually there are few or none.

    It is the opposite of `available`, in a form that the database answers from an index.
    """
    is_missing = Q(held_at=None, state__in=[state for state in FileState if state not in ARRIVED])
    rows = File.objects.filter(Q(state=FileState.UPLOADED) | is_missing)
    return set(rows.values_list("name", flat=True))


def unknown_names(names: Collection[str]) -> set[str]:
    """Return those of `names` that are not catalogued."""
    wanted = sorted(names)
    known: set[str] = set()
    for start in range(0, len(wanted), CHUNK):
        rows = File.objects.filter(name__in=wanted[start : start + CHUNK])
        known.update(rows.values_list("name", flat=True))
    return set(names) - known


def bad_names(names: Collection[str]) -> list[str]:
    """Return those of `names` that are marked bad, sorted; if there are none, those that are tainted."""
    for flag in ("rejected", "blacklisted"):
        rows = File.objects.filter(**{flag: True}).values_list("name", flat=True)
        if found := sorted(name for name in rows if name in names):
            return found
    return []


def incomplete_contexts() -> set[str]:
    """Return the mappings whose closure contains a catalogued file that is not available.

    A mapping whose contents are not noted is left out. Usually every file is available, and this takes no
    time.
    """
    return usage.contexts_with(unavailable_names())
