"""Checks of the parts of every installation: a database with all tables, and a broker."""

import os
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from apps.core.readiness import PartNotReadyError, Program, part


@part("database", needed_by=tuple(Program))
def database() -> str:
    """Return the kind of database that answers."""
    wrapper: Any = connection
    try:
        if wrapper.vendor == "postgresql":
            # Connect without the pool, which would try for half a minute and log each attempt.
            parameters = dict(wrapper.get_connection_params())
            parameters.pop("pool", None)
            wrapper.Database.connect(**parameters).close()
        else:
            _require_writable(Path(wrapper.settings_dict["NAME"]))
            with wrapper.cursor() as cursor:
                cursor.execute("SELECT 1")
    except (DatabaseError, wrapper.Database.Error) as exc:
        reason = " ".join(str(exc).split())
        raise PartNotReadyError(f"The database does not answer; check DATABASE_URL: {reason}") from exc
    return str(wrapper.vendor)


def _require_writable(path: Path) -> None:
    for place in (path, path.parent):
        if place.exists() and not os.access(place, os.W_OK):
            raise PartNotReadyError(
                f"The database {path} cannot be written; give this account write permission."
            )


@part("migrations", after="database")
def migrations() -> str:
    """Check that the database has the tables of this version."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        first, _is_backward = plan[0]
        raise PartNotReadyError(
            f"The database lacks {len(plan)} migrations, the first is {first.app_label}.{first.name}; "
            "run: manage.py migrate"
        )
    return "all applied"


@part("broker", needed_by=(Program.WORKER,))
def broker() -> str:
    """Return the kind of broker that answers."""
    folder: Any = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("data_folder_out")
    if folder is not None and not os.access(folder, os.W_OK):
        raise PartNotReadyError(
            f"The folder of messages {folder} cannot be written; give this account write permission."
        )
    with current_app.connection_for_write() as sender:
        try:
            # Try once. Celery's own connection would try twice, with a pause.
            sender.transport.close_connection(sender.transport.establish_connection())
        except Exception as exc:
            reason = " ".join(str(exc).split())
            raise PartNotReadyError(
                f"The broker {sender.as_uri()} does not answer; check CELERY_BROKER_URL: {reason}"
            ) from exc
        return str(sender.transport.driver_type)
