"""One query on a connection of its own: batches of rows, a clock, and a switch to abort it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from django.conf import settings
from django.db import connection

from apps.vo.errors import AbortedError, NoRoomError, OutOfTimeError, VoError

BATCH = 250  # rows read at once; the texts of so many stay in the cache of the processor
WAIT = 0.5  # seconds a query waits for a free place

Row = tuple[Any, ...]


@dataclass
class Clock:
    """The time a query may take, and the wish of somebody to end it.

    Attributes
    ----------
    remedy
        What a caller who ran out of time can do.
    """

    seconds: float
    remedy: str = ""
    is_aborted: Callable[[], bool] = lambda: False
    started: float = field(default_factory=monotonic)

    @property
    def left(self) -> float:
        """Seconds that are left; negative if the time is over."""
        return self.started + self.seconds - monotonic()

    def problem(self) -> VoError | None:
        """Return the reason why a query must end now, or None."""
        if self.is_aborted():
            return AbortedError("The query was aborted.")
        if self.left <= 0:
            return OutOfTimeError(
                f"The query took longer than {self.seconds:g} seconds. {self.remedy}".strip()
            )
        return None


class Cursor(Protocol):
    """A running query."""

    def batches(self) -> Iterator[list[Row]]:
        """Yield the rows, at most `BATCH` at once."""
        ...

    def close(self) -> None:
        """End the query and give back its connection."""
        ...


_places: dict[int, threading.BoundedSemaphore] = {}


def _semaphore() -> threading.BoundedSemaphore:
    return _places.setdefault(settings.TAP_QUERIES, threading.BoundedSemaphore(settings.TAP_QUERIES))


def open_query(sql: str, clock: Clock, *, wait: float = WAIT) -> Cursor:
    """Start a query, and return its rows to come.

    Raises
    ------
    NoRoomError
        Raised if as many queries as this process may run are running.
    VoError
        Raised if the database refuses the query, or it ends before its first row.
    """
    places = _semaphore()
    if not places.acquire(timeout=wait):
        raise NoRoomError(
            f"{settings.TAP_QUERIES} queries are running here; try again in a few seconds, "
            "or use the asynchronous endpoint, which waits for you."
        )
    try:
        return _Placed(_opener()(sql, clock), places)
    except BaseException:
        places.release()
        raise


def _opener() -> Callable[[str, Clock], Cursor]:
    if connection.vendor == "sqlite":
        from apps.vo.database import sqlite_reader

        return sqlite_reader.open_query
    from apps.vo.database import postgresql_reader

    return postgresql_reader.open_query


class _Placed:
    """A cursor that gives back its place when it is closed, once."""

    def __init__(self, cursor: Cursor, places: threading.BoundedSemaphore) -> None:
        self._cursor, self._places, self._is_open = cursor, places, True

    def batches(self) -> Iterator[list[Row]]:
        return self._cursor.batches()

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            with contextlib.ExitStack() as stack:
                stack.callback(self._places.release)
                self._cursor.close()
