"""The datasets that a new context affects."""

from apps.core.json_lists import json_object
from apps.reprocessing import queries
from apps.reprocessing.affected_products import ids_in_blocks
from apps.rpc.arguments import require_observatory
from apps.rpc.registry import Cost, InParts, read_method


@read_method(cost=Cost(200))
def get_affected_datasets(
    observatory: str | None, old_context: str | None = None, new_context: str | None = None
) -> InParts:
    """Return the datasets that a step of the context history affects; by default the last step."""
    require_observatory(observatory)
    row = queries.get_complete(old_context, new_context)
    return InParts(json_object(queries.result(row), "affected_ids", ids_in_blocks(row)))
