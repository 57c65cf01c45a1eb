"""A circuit breaker: after a failure one caller at a time tries again, and all others are refused at once."""

import threading
import time
from collections.abc import Callable

PAUSE = 1.0  # seconds between two attempts to reach what is away
FRESH = 30.0  # seconds after which an old failure says nothing about now


class Breaker:
    """A memory of whether a service is away, which admits few callers then.

    Parameters
    ----------
    clock
        Returns seconds that never go back.

    Examples
    --------
    >>> seconds = 0.0
    >>> breaker = Breaker(clock=lambda: seconds)
    >>> breaker.admits(), breaker.trip(), breaker.admits()
    (True, None, False)
    >>> seconds = PAUSE
    >>> breaker.admits(), breaker.admits()
    (True, False)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._is_away = False
        self._next_attempt_at = 0.0

    @property
    def is_away(self) -> bool:
        """True if the last attempt failed, a short while ago."""
        return self._is_away and self._clock() < self._next_attempt_at + FRESH

    def admits(self) -> bool:
        """Return whether this caller may try. While the service is away, one caller in each `PAUSE` may."""
        with self._lock:
            if not self._is_away:
                return True
            now = self._clock()
            if now < self._next_attempt_at:
                return False
            self._next_attempt_at = now + PAUSE
            return True

    def trip(self) -> None:
        """Note that the service did not answer."""
        with self._lock:
            self._is_away = True
            self._next_attempt_at = self._clock() + PAUSE

    def reset(self) -> None:
        """Note that the service answered."""
        self._is_away = False
