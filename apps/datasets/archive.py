"""The archive, the source of the matching parameters of observed datasets.

An observatory has an archive with its own database. A class that answers the two questions of `Archive`
replaces our table if the setting ``ARCHIVE`` names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import chain, islice
from typing import NamedTuple, Protocol

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from apps.datasets.errors import ArchiveFailedError
from apps.datasets.ids import DatasetId
from apps.datasets.models import Dataset

Header = Mapping[str, str]

# Two-part id to header of the datasets that an id names, or the reason why that is not known.
Answer = dict[str, Header] | ArchiveFailedError

# Two lists of this length stay below the number of parameters that each database takes in one query.
_IDS_PER_QUERY = 400
_IDS_IN_BLOCK = 5000


class Archive(Protocol):
    """The questions of an archive. One that cannot answer says so, and never answers with nothing."""

    def ids(self, instrument: str, *, since: datetime | None = None) -> list[str]:
        """Return the two-part ids of an instrument's datasets, sorted.

        Parameters
        ----------
        instrument
            Lower case.
        since
            Aware; only exposures that started then or later. Exposures without a known start are left out.

        Raises
        ------
        ArchiveFailedError
            Raised if the ids are not known as a whole.
        """
        ...

    def headers(
        self, wanted: Sequence[DatasetId], *, since: datetime | None = None
    ) -> dict[DatasetId, Answer]:
        """Return two-part id to header for each wanted id, without entries for ids that do not exist.

        Half an id names all exposures of the product with this name, or else all datasets whose exposure has
        it. Headers have the form that `apps.datasets.headers.canonical` makes. An id that could not be looked
        up has the failure for an answer.
        """
        ...


class NamedRow(NamedTuple):
    """One exposure of an archive: the halves of its id in upper case, and its header or why it has none."""

    product: str
    exposure: str
    header: Header | ArchiveFailedError


def named_by(wanted: Sequence[DatasetId], rows: Iterable[NamedRow]) -> dict[DatasetId, Answer]:
    """Return two-part id to header for each wanted id, given the rows of those ids in their order."""
    by_product, by_exposure = defaultdict(list), defaultdict(list)
    for row in rows:
        by_product[row.product].append(row)
        by_exposure[row.exposure].append(row)
    found: dict[DatasetId, Answer] = {}
    for dataset in wanted:
        if dataset.exposure is None:
            mine = by_product[dataset.product] or by_exposure[dataset.product]
        else:
            mine = [row for row in by_exposure[dataset.exposure] if row.product == dataset.product]
        found[dataset] = _answer(mine)
    return found


def _answer(rows: Sequence[NamedRow]) -> Answer:
    """Return the headers of rows. If one has none, the whole answer fails instead of leaving it out."""
    headers: dict[str, Header] = {}
    for row in rows:
        if isinstance(row.header, ArchiveFailedError):
            return row.header
        headers[f"{row.product}:{row.exposure}"] = row.header
    return headers


class TableArchive:
    """The archive in our own table, which ``manage.py import_datasets`` fills."""

    def ids(self, instrument: str, *, since: datetime | None = None) -> list[str]:
        return sorted(chain.from_iterable(self.ids_in_blocks(instrument, since=since)))

    def ids_in_blocks(self, instrument: str, *, since: datetime | None = None) -> Iterator[list[str]]:
        """Yield the ids in blocks, in the order of the database, which reads them from one index."""
        rows = Dataset.objects.filter(instrument=instrument).order_by("product", "exposure")
        if since is not None:
            rows = rows.filter(observed_at__gte=since)
        halves = rows.values_list("product", "exposure").iterator(chunk_size=_IDS_IN_BLOCK)
        while block := [f"{product}:{exposure}" for product, exposure in islice(halves, _IDS_IN_BLOCK)]:
            yield block

    def headers(
        self, wanted: Sequence[DatasetId], *, since: datetime | None = None
    ) -> dict[DatasetId, Answer]:
        return named_by(wanted, _rows_near(wanted, since))


def _rows_near(wanted: Sequence[DatasetId], since: datetime | None) -> Iterator[NamedRow]:
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
    for row in sorted(found.values(), key=lambda row: (row.product, row.exposure)):
        yield NamedRow(row.product, row.exposure, row.header)


@cache
def _load(dotted_path: str) -> Archive:
    archive: Archive = import_string(dotted_path)()
    return archive


def get_archive() -> Archive:
    """Return the archive that the setting ``ARCHIVE`` names."""
    return _load(settings.ARCHIVE)
