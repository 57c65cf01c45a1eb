"""Start queries on the database of the server, as many at once as the settings allow."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection

from apps.vo.database import sqlite_reader
from apps.vo.database.running_query import Clock, Cursor, Row
from apps.vo.errors import NoRoomError

WAIT = 0.5  # seconds a query waits for a free place

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
        return sqlite_reader.open_query
    from apps.vo.database import (
        postgresql_reader,  # Its driver costs start and memory, and SQLite needs none.
    )

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
