"""Notices on every page while a part of the server is away. They cost no query and no message."""

from django.db import connection

from apps.core import broker, heartbeat

DATABASE = (
    "The database does not answer now. Best references under a named context and downloads go on; other "
    "pages and all changes must wait."
)
BROKER = (
    "The broker of messages does not answer now. You can deliver, and nothing is lost: checks and mails "
    "start a little later."
)
WORKER = (
    "No worker is alive now, so checks, comparisons and mails wait. Nothing is lost: they start when a "
    "worker is back."
)


def outage_notice() -> str:
    """Return the most important notice; empty if all parts work, as far as this process knows."""
    if _is_database_away():
        return DATABASE
    if broker.is_away():
        return BROKER
    age = heartbeat.age()
    # A new server has no worker yet, and its readiness says so.
    return WORKER if age is not None and not heartbeat.is_fresh(age) else ""


def _is_database_away() -> bool:
    pool = getattr(connection, "pool", None)  # SQLite has none.
    return pool is not None and pool.breaker.is_away
