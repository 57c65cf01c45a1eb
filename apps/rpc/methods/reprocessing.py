"""The datasets that a new context affects."""

from apps.reprocessing import queries
from apps.rpc.arguments import require_observatory
from apps.rpc.registry import Cost, read_method


@read_method(cost=Cost(200))
def get_affected_datasets(
    observatory: str | None, old_context: str | None = None, new_context: str | None = None
) -> dict[str, object]:
    """Return the datasets that a step of the context history affects; by default the last step."""
    require_observatory(observatory)
    return queries.result(queries.get_complete(old_context, new_context))
