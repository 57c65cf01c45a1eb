"""Observed datasets."""

from typing import Any

from django.conf import settings

from apps.bestrefs import queries
from apps.bestrefs.dataset_history import as_dict, dataset_history
from apps.core.json_lists import json_list
from apps.rpc.registry import Cost, InParts, read_method


@read_method(cost=Cost(200))
def get_dataset_ids(context: str | None, instrument: str, datasets_since: str | None = None) -> InParts:
    """Return the ids of the archived datasets of an instrument."""
    return InParts(json_list(queries.dataset_ids(context, instrument, datasets_since)))


@read_method(cost=Cost(counted="dataset_ids"))
def get_dataset_headers_by_id(
    context: str | None, dataset_ids: list[str], datasets_since: str | None = None
) -> dict[str, Any]:
    """Return id to the matching parameters of archived datasets."""
    return queries.dataset_headers(context, dataset_ids, datasets_since)


@read_method(cost=Cost(1000))
def get_dataset_headers_by_instrument(
    context: str | None, instrument: str, datasets_since: str | None = None
) -> dict[str, Any]:
    """Return id to the matching parameters of all archived datasets of an instrument."""
    return queries.dataset_headers_of_instrument(context, instrument, datasets_since)


@read_method(cost=Cost(50))
def get_dataset_history(dataset_id: str) -> dict[str, Any]:
    """Return the references of one dataset under every context that was the latest one."""
    return as_dict(dataset_history(dataset_id, settings.OBSERVATORY))
