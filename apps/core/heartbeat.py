"""A worker says that it is alive by touching a file below the data root.

A file and not a row: the sign must get through when the database is what is broken, and fifteen
seconds of news are not worth a write lock.
"""

import time

from django.conf import settings

_FILE = "worker-heartbeat"


def beat() -> None:
    """Say that a worker is alive now."""
    (settings.DATA_ROOT / _FILE).touch()


def age() -> float | None:
    """Return the seconds since a worker was last alive, or None if none ever was."""
    try:
        return max(0.0, time.time() - (settings.DATA_ROOT / _FILE).stat().st_mtime)
    except FileNotFoundError:
        return None
