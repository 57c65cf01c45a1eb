"""The known datasets and their headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings

from apps.datasets.archive import Header, TableArchive, get_archive
from apps.datasets.errors import BadDatasetIdError, UndeterminedInstrumentError
from apps.datasets.ids import DatasetId, find_instrument, parse_id
from apps.datasets.models import Dataset
from apps.rules.observatories.dataset_ids import DatasetIds, dataset_ids

_ALIKE = 4  # least number of characters that similar ids have in common


def id_grammar() -> DatasetIds:
    """Return the id grammar of this server's observatory."""
    return dataset_ids(settings.OBSERVATORY)


def ids_of_instrument(instrument: str, *, since: datetime | None = None) -> list[str]:
    """Return the two-part ids of the datasets of an instrument, sorted; `since` is inclusive."""
    return get_archive().ids(instrument, since=since)


def find_id(text: str) -> DatasetId | None:
    """Return the id in a text, or None if no dataset can have this id."""
    try:
        return parse_id(text, id_grammar())
    except BadDatasetIdError:
        return None


def headers_of(texts: Sequence[str], *, since: datetime | None = None) -> dict[str, Mapping[str, Header]]:
    """Return each text with the datasets it names, two-part id to header; empty if there are none."""
    wanted = {text: find_id(text) for text in texts}
    found = get_archive().headers(list({dataset for dataset in wanted.values() if dataset}), since=since)
    return {text: found.get(dataset, {}) if dataset else {} for text, dataset in wanted.items()}


def two_part_id(text: str) -> str:
    """Return the two-part form of an id that no dataset has; a half is written in both places.

    Raises
    ------
    UndeterminedInstrumentError
        Raised if no instrument can be read from the id. The text is documented, and clients depend on it.
    """
    dataset = find_id(text)
    if dataset is None or find_instrument(dataset, id_grammar()) is None:
        # The tools write a half twice where they need two; people write it once.
        half, _, other = text.partition(":")
        named = half if half == other else text
        raise UndeterminedInstrumentError(f"Can't determine instrument for dataset {named[:300]!r}")
    return str(dataset)


def find_example() -> str | None:
    """Return the id of an existing dataset, None if our table is empty."""
    row = Dataset.objects.order_by("pk").first()
    return row.dataset_id if row else None


def knows_none() -> bool:
    """Return whether our own table is the archive and is empty."""
    return isinstance(get_archive(), TableArchive) and not Dataset.objects.exists()


def similar_ids(text: str, *, limit: int = 5) -> list[str]:
    """Return two-part ids of datasets whose product begins like the one in `text`, the most similar first."""
    dataset = find_id(text)
    if dataset is None:
        return []
    later = Dataset.objects.filter(product__gte=dataset.product).order_by("product")[:limit]
    earlier = Dataset.objects.filter(product__lt=dataset.product).order_by("-product")[:limit]
    near = {row.dataset_id: row.product for row in (*later, *earlier)}
    begin = [name for name, product in near.items() if product[:_ALIKE] == dataset.product[:_ALIKE]]
    return sorted(begin, key=lambda name: -_in_common(name, str(dataset)))[:limit]


def _in_common(one: str, other: str) -> int:
    """Return the number of equal characters at the beginning of two texts."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))
