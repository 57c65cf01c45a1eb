"""Requests of one caller in one minute, counted over all processes.

Each process counts for itself and adds its count to a row of the database after every tenth of the limit.
So a caller who asks seldom costs no write, and each further process may let a tenth more pass. While the
database does not answer, each process counts alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter

from django.conf import settings
from django.db import DatabaseError

from apps.vo.errors import TooManyError
from apps.vo.identity.reader import Reader
from apps.vo.models import RequestCount

logger = logging.getLogger(__name__)

_SHARES = 10  # so many parts of the limit, each of which is one write
_MOST_CALLERS = (
    10_000  # that a process remembers; then it begins again, so that addresses cannot fill the memory
)


class _Minute:
    """The requests of one minute, as this process knows them."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.mine: Counter[str] = Counter()  # Not yet added to the database.
        self.shared: Counter[str] = Counter()  # Of all processes, when this one last added its own.


_now = _Minute(0)
_lock = threading.Lock()


def forget() -> None:
    """Forget what this process has counted."""
    global _now
    _now = _Minute(0)


def count(reader: Reader) -> None:
    """Count a request.

    Raises
    ------
    TooManyError
        Raised beyond `VO_REQUESTS_PER_MINUTE`; the header says when the next minute begins.
    """
    global _now
    now, caller, limit = time.time(), reader.key, settings.VO_REQUESTS_PER_MINUTE
    with _lock:
        if _now.number != int(now // 60) or len(_now.mine) > _MOST_CALLERS:
            _now = _Minute(int(now // 60))
        minute = _now
        if minute.shared[caller] <= limit:  # A refused caller costs no more writes.
            minute.mine[caller] += 1
        found = minute.mine[caller]
        if is_due := found >= max(1, limit // _SHARES):
            minute.mine[caller] = 0
    if is_due:
        _share(minute, caller, found)
    if minute.shared[caller] + minute.mine[caller] > limit:
        raise TooManyError(
            f"More than {limit} requests in a minute; wait a moment.", seconds=max(1, 60 - int(now % 60))
        )


def _share(minute: _Minute, caller: str, found: int) -> None:
    """Add requests to those of all processes, and note the sum."""
    try:
        total = RequestCount.add(caller, minute.number, found)
    except DatabaseError:
        logger.warning("the requests of a caller are counted by this process alone")
        total = minute.shared[caller] + found
    minute.shared[caller] = total
