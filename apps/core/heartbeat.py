"""The sign of life of workers: a file below the data root, and a row for machines that share no folder.

The file works when the database is broken, and it costs no query. The row is only needed if the store is in a
bucket: otherwise all machines share the data root. It is read where the file is old or missing.
"""

import logging
import time

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from apps.core import bucket
from apps.core.models import WorkerSign

logger = logging.getLogger(__name__)

STALE = 4  # missed signs after which a worker counts as gone

_FILE = "worker-heartbeat"


def beat() -> None:
    """Record that a worker is alive now."""
    (settings.DATA_ROOT / _FILE).touch()
    if not bucket.is_used():
        return
    try:
        WorkerSign.objects.update_or_create(pk=1, defaults={"seen_at": timezone.now()})
    except DatabaseError as exc:
        logger.warning("the sign of life of this worker is not in the database: %s", exc)


def age() -> float | None:
    """Return the seconds since a worker was last alive on any machine, or None if there never was a worker.

    After a clock that went back, a sign from the future is as old as it is far away: a worker that is alive
    gives a new one within seconds.
    """
    here = _age_here()
    if here is not None and is_fresh(here):
        return here
    ages = [found for found in (here, _age_anywhere()) if found is not None]
    return min(ages, default=None)


def _age_here() -> float | None:
    try:
        return abs(time.time() - (settings.DATA_ROOT / _FILE).stat().st_mtime)
    except FileNotFoundError:
        return None


def _age_anywhere() -> float | None:
    """Return the age of the sign in the database; None if there is none, or no database, or no need of it."""
    if not bucket.is_used():
        return None
    try:
        sign = WorkerSign.objects.first()
    except DatabaseError:
        return None
    return abs(time.time() - sign.seen_at.timestamp()) if sign else None


def is_fresh(seconds: float) -> bool:
    """Return whether a sign of this age means that a worker is alive."""
    return seconds < STALE * settings.HEARTBEAT_SECONDS
