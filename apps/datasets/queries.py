"""Which datasets there are, and their headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings

from apps.datasets.archive import Header, get_archive
from apps.datasets.errors import BadDatasetIdError, UndeterminedInstrumentError
from apps.datasets.ids import DatasetId, find_instrument, parse_id
from apps.rules.observatories.dataset_ids import DatasetIds, dataset_ids


def id_grammar() -> DatasetIds:
    """Return the id grammar of this server's observatory."""
    return dataset_ids(settings.OBSERVATORY)


def ids_of_instrument(instrument: str, *, since: datetime | None = None) -> list[str]:
    """Return the two-part ids of the datasets of an instrument, sorted; `since` is inclusive."""
    return get_archive().ids(instrument, since=since)


def find_id(text: str) -> DatasetId | None:
    """Return the id a text names, or None if no dataset can be called so."""
    try:
        return parse_id(text, id_grammar())
    except BadDatasetIdError:
        return None


def headers_of(texts: Sequence[str], *, since: datetime | None = None) -> dict[str, Mapping[str, Header]]:
    """Return each text with what it names, two-part id to header; empty for an id that does not exist."""
    wanted = {text: find_id(text) for text in texts}
    found = get_archive().headers(list({dataset for dataset in wanted.values() if dataset}), since=since)
    return {text: found.get(dataset, {}) if dataset else {} for text, dataset in wanted.items()}


def two_part_id(text: str) -> str:
    """Return the two-part form of an id which no dataset has; a half stands in both places.

    Raises
    ------
    UndeterminedInstrumentError
        Raised if the id does not even tell an instrument. The text is documented and belongs to clients.
    """
    dataset = find_id(text)
    if dataset is None or find_instrument(dataset, id_grammar()) is None:
        raise UndeterminedInstrumentError(f"Can't determine instrument for dataset {text[:300]!r}")
    return str(dataset)
