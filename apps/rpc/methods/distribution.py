"""The description of this server, and its catalog to take home."""

from apps.distribution import queries
from apps.rpc.arguments import require_observatory
from apps.rpc.registry import Prepared, question


@question
def get_server_info() -> Prepared:
    """Return what a client must know of this server before anything else."""
    return Prepared(queries.server_info())


@question
def get_sqlite_db(observatory: str | None) -> Prepared:
    """Return the catalog and the context history as a packed SQLite file."""
    require_observatory(observatory)
    return Prepared(queries.sqlite_snapshot())
