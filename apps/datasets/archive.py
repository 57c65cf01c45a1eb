"""The archive, the source of the matching parameters of observed datasets.

An observatory has an archive with its own database. A class that answers the two questions of `Archive`
replaces our table if the setting ``ARCHIVE`` names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from apps.datasets.ids import DatasetId
from apps.datasets.models import Dataset

Header = Mapping[str, str]

# Two lists of this length stay below the number of parameters that each database takes in one query.
_IDS_PER_QUERY = 400


class Archive(Protocol):
    """The questions that an archive answers. An unreachable archive raises; it never answers with nothing."""

    def ids(self, instrument: str, *, since: datetime | None = None) -> list[str]:
        """Return the two-part ids of an instrument's datasets, sorted.

        Parameters
        ----------
        instrument
            Lower case.
        since
            Aware; only exposures that started then or later. Exposures without a known start are left out.
        """
        ...

    def headers(
        self, wanted: Sequence[DatasetId], *, since: datetime | None = None
    ) -> dict[DatasetId, dict[str, Header]]:
        """Return two-part id to header for each wanted id, without entries for ids that do not exist.

        Half an id names all exposures of the product with this name, or else all datasets whose exposure has
        it. Headers have the form that `apps.datasets.headers.canonical` makes.
        """
        ...


class TableArchive:
    """The archive in our own table, which ``manage.py import_datasets`` fills."""

    def ids(self, instrument: str, *, since: datetime | None = None) -> list[str]:
        rows = Dataset.objects.filter(instrument=instrument)
        if since is not None:
            rows = rows.filter(observed_at__gte=since)
        return sorted(
            f"{product}:{exposure}" for product, exposure in rows.values_list("product", "exposure")
        )

    def headers(
        self, wanted: Sequence[DatasetId], *, since: datetime | None = None
    ) -> dict[DatasetId, dict[str, Header]]:
        by_product, by_exposure = defaultdict(list), defaultdict(list)
        for row in _rows_near(wanted, since):
            by_product[row.product].append(row)
            by_exposure[row.exposure].append(row)
        found = {}
        for dataset in wanted:
            if dataset.exposure is None:
                rows = by_product[dataset.product] or by_exposure[dataset.product]
            else:
                rows = [row for row in by_exposure[dataset.exposure] if row.product == dataset.product]
            found[dataset] = {row.dataset_id: row.header for row in rows}
        return found


def _rows_near(wanted: Sequence[DatasetId], since: datetime | None) -> Iterator[Dataset]:
    """Yield each row that has a wanted half in the right place, once, in the order of ids."""
    found: dict[int, Dataset] = {}
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        some = wanted[start : start + _IDS_PER_QUERY]
        halves = {dataset.product for dataset in some if dataset.exposure is None}
        exposures = {dataset.exposure or dataset.product for dataset in some}
        rows = Dataset.objects.filter(Q(product__in=halves) | Q(exposure__in=exposures))
        if since is not None:
            rows = rows.filter(observed_at__gte=since)
        found.update((row.pk, row) for row in rows)
    yield from sorted(found.values(), key=lambda row: (row.product, row.exposure))


@cache
def _load(dotted_path: str) -> Archive:
    archive: Archive = import_string(dotted_path)()
    return archive


def get_archive() -> Archive:
    """Return the archive that the setting ``ARCHIVE`` names."""
    return _load(settings.ARCHIVE)
