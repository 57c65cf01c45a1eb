"""Cut connections to PostgreSQL, as a restart does, without the restart."""

import time

import psycopg
from django.db import connection


def cut_all_connections() -> None:
    """Do to the connections of the pool what a restart does to them."""
    parameters = dict(connection.get_connection_params())
    for name in ("pool", "cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    time.sleep(0.1)
