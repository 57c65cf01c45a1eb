"""Which files a context consists of, and whether people can have them all."""

from collections.abc import Collection

from django.db.models import Q

from apps.catalog import usage
from apps.catalog.models import File
from apps.catalog.queries import CHUNK
from apps.catalog.states import FileState
from apps.contexts import queries
from apps.contexts.states import ARRIVED


def closure(name: str) -> frozenset[str]:
    """Return all files of a context, references too; errors as `queries.mapping_names`."""
    return frozenset((*queries.mapping_names(name), *queries.reference_names(name)))


def available() -> Q:
    """Return what is true of a file whose bytes people can have: confirmed, and here or in the archive."""
    is_here = Q(held_at__isnull=False) & ~Q(state=FileState.UPLOADED)
    return is_here | Q(state__in=ARRIVED)


def unavailable_names() -> set[str]:
    """Return the names of all catalogued files that people cannot have; mostly there are few or none."""
    return set(File.objects.exclude(available()).values_list("name", flat=True))


def unknown_names(names: Collection[str]) -> set[str]:
    """Return those of `names` that no file has."""
    wanted = sorted(names)
    known: set[str] = set()
    for start in range(0, len(wanted), CHUNK):
        rows = File.objects.filter(name__in=wanted[start : start + CHUNK])
        known.update(rows.values_list("name", flat=True))
    return set(names) - known


def bad_names(names: Collection[str]) -> list[str]:
    """Return which of `names` are marked bad, sorted; those that are merely tainted only if no other is."""
    rows = File.objects.filter(Q(rejected=True) | Q(blacklisted=True))
    flags = {name: rejected for name, rejected in rows.values_list("name", "rejected") if name in names}
    return sorted(name for name, rejected in flags.items() if rejected) or sorted(flags)


def incomplete_contexts() -> set[str]:
    """Return the mappings with a catalogued file, in themselves or below, that is not available.

    A mapping that nobody has read is left out. Mostly every file is available, and this takes no time.
    """
    return usage.contexts_with(unavailable_names())
