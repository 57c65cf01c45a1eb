"""The sign of life of workers: a file below the data root that a worker touches.

It is a file and not a row, because it must work when the database is broken, and because a sign every fifteen
seconds is not worth a write lock.
"""

import time

from django.conf import settings

STALE = 4  # missed signs after which a worker counts as gone

_FILE = "worker-heartbeat"


def beat() -> None:
    """Record that a worker is alive now."""
    (settings.DATA_ROOT / _FILE).touch()


def age() -> float | None:
    """Return the seconds since a worker was last alive, or None if there never was a worker.

    After a clock that went back, a sign from the future is as old as it is far away: a worker that is alive
    gives a new one within seconds.
    """
    try:
        return abs(time.time() - (settings.DATA_ROOT / _FILE).stat().st_mtime)
    except FileNotFoundError:
        return None


def is_fresh(seconds: float) -> bool:
    """Return whether a sign of this age means that a worker is alive."""
    return seconds < STALE * settings.HEARTBEAT_SECONDS
