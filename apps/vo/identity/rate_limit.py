"""Requests of one caller in one minute, counted in each process."""

from __future__ import annotations

import threading
import time
from collections import Counter

from django.conf import settings

from apps.vo.errors import TooManyError
from apps.vo.identity.reader import Reader

_counts: Counter[str] = Counter()
_minute = [0]
_lock = threading.Lock()


def count(reader: Reader) -> None:
    """Count a request.

    Raises
    ------
    TooManyError
        Raised beyond `VO_REQUESTS_PER_MINUTE`; the header says when the next minute begins.
    """
    now = time.time()
    with _lock:
        if int(now // 60) != _minute[0]:
            _minute[0] = int(now // 60)
            _counts.clear()
        _counts[reader.key] += 1
        found = _counts[reader.key]
    if found > settings.VO_REQUESTS_PER_MINUTE:
        raise TooManyError(
            f"More than {settings.VO_REQUESTS_PER_MINUTE} requests in a minute; wait a moment.",
            seconds=max(1, 60 - int(now % 60)),
        )
