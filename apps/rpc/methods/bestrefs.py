"""Best references."""

from typing import Any

from apps.bestrefs import queries
from apps.rpc.registry import Cost, read_method


@read_method
def get_best_references(
    pipeline_context: str | None, header: dict[str, Any], reftypes: list[str] | None = None
) -> dict[str, str]:
    """Return reftype to reference for one header."""
    return queries.best_references(pipeline_context, header, reftypes)


@read_method(cost=Cost(counted="dataset_ids"))
def get_best_references_by_ids(
    context: str | None,
    dataset_ids: list[str],
    reftypes: list[str] | None = None,
    include_headers: bool | None = False,
) -> dict[str, Any]:
    """Return id to success and references, or to failure and reason."""
    return queries.best_references_by_ids(
        context, dataset_ids, reftypes, include_headers=bool(include_headers)
    )


@read_method(cost=Cost(counted="header_map"))
def get_best_references_by_header_map(
    context: str | None, header_map: dict[str, Any], reftypes: list[str] | None = None
) -> dict[str, Any]:
    """Return id to references for many headers at once."""
    return queries.best_references_by_header_map(context, header_map, reftypes)


@read_method(cost=Cost(counted="dataset_ids"))
def get_aui_best_references(date: str | None, dataset_ids: list[str]) -> dict[str, Any]:
    """Return id to success and the files it needs, or to failure and reason."""
    return queries.aui_best_references(date, dataset_ids)


@read_method
def get_required_parkeys(context: str | None) -> dict[str, Any] | list[str]:
    """Return the names of the parameters that select references."""
    return queries.required_parkeys(context)
