"""The numbers of files for pages. They are counted again only after the ledger has changed."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Q

from apps.catalog import queries
from apps.catalog.models import File
from apps.catalog.states import FileKind


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Numbers of files by kind.

    Attributes
    ----------
    held
        The references whose bytes this server has.
    """

    contexts: int
    mappings: int
    references: int
    held: int


# By the data root and the revision of the ledger; at most one. Each test has a ledger and a root of its own.
_last: dict[tuple[Path, int], FileCounts] = {}


def file_counts() -> FileCounts:
    """Return the numbers of files, as this process last counted them if nothing has changed since."""
    # Read the revision first. If the ledger changes meanwhile, the numbers are newer than their label.
    state = (settings.DATA_ROOT, queries.revision())
    found = _last.get(state)
    if found is None:
        found = _count()
        _last.clear()
        _last[state] = found
    return found


def _count() -> FileCounts:
    is_mapping, is_reference = Q(kind=FileKind.MAPPING), Q(kind=FileKind.REFERENCE)
    counts = File.objects.aggregate(
        contexts=Count("pk", filter=is_mapping & Q(instrument="", name__endswith=".pmap")),
        mappings=Count("pk", filter=is_mapping),
        references=Count("pk", filter=is_reference),
        held=Count("pk", filter=is_reference & Q(held_at__isnull=False)),
    )
    return FileCounts(**counts)
