"""The description of this server, and its catalog as a download."""

from apps.distribution import queries
from apps.rpc.arguments import require_observatory
from apps.rpc.registry import Cost, Prepared, read_method


@read_method(cost=Cost(10))
def get_server_info() -> Prepared:
    """Return the description of this server, which a client reads first."""
    return Prepared(queries.server_info())


@read_method(cost=Cost(200))
def get_sqlite_db(observatory: str | None) -> Prepared:
    """Return the catalog and the context history as a packed SQLite file."""
    require_observatory(observatory)
    return Prepared(queries.sqlite_snapshot())
