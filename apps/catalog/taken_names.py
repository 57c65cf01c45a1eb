"""The names that no other file may get: those of all files, and those that an app above reserves."""

from collections.abc import Callable, Iterable

from apps.catalog.models import File

Reserved = Callable[[str], Iterable[str]]

_reservations: list[Reserved] = []


def reserves_names(reserved: Reserved) -> Reserved:
    """Register a function that returns the names with a given start that an app keeps for files to come.

    Each app registers its function when Django starts it.
    """
    _reservations.append(reserved)
    return reserved


def taken_names(start: str) -> set[str]:
    """Return all names, official or reserved, that begin with `start`.

    They stay the taken ones as long as the caller holds the ledger lock (`lock_ledger`).
    """
    names = set(File.objects.filter(name__begins=start).values_list("name", flat=True))
    return names.union(*(reserved(start) for reserved in _reservations))
