"""Questions to the database of an archive: they only read, and end after a time however it behaves."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, unquote

import psycopg

from apps.core.postgresql.breaker import Breaker
from apps.datasets.archive_view.description import ArchiveView
from apps.datasets.errors import ArchiveFailedError

logger = logging.getLogger(__name__)

Row = tuple[Any, ...]
Ask = Callable[[str, Sequence[str]], Iterator[Row]]

_BLOCK = 2000  # rows fetched at once
_STEPS = 20_000  # instructions of SQLite between two looks at the clock; about a millisecond
_CONNECT_SECONDS = 2

AWAY = "The archive cannot be reached now. Try again later."
LOST = "The archive broke off its answer. Try again later."
REFUSED = "The archive could not answer; the operators of this server find the reason in the log."

_breaker = Breaker()


class Deadline:
    """The end of the time that a question may take."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, 0 at the end."""
        return max(0.0, self._end - time.monotonic())

    def failure(self, text: str) -> ArchiveFailedError:
        """Return the failure with a text, or that of an archive that is too slow if the time is over."""
        if self.left:
            return ArchiveFailedError(text)
        return ArchiveFailedError(f"The archive did not answer within {self.seconds} seconds.")


@contextlib.contextmanager
def asking(view: ArchiveView) -> Iterator[Ask]:
    """Open the database, and yield the function that asks for rows. All questions share one time.

    In SQL the place of a value is a question mark.

    Raises
    ------
    ArchiveFailedError
        Raised if the database is away, too slow, refuses a question or breaks off its answer. Its own words
        are in the log only.
    """
    deadline = Deadline(view.seconds)
    if not _breaker.admits():
        raise ArchiveFailedError(AWAY)
    with contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context((_sqlite if view.is_sqlite else _postgresql)(view, deadline))
        except (psycopg.Error, sqlite3.Error, OSError) as exc:
            _breaker.trip()
            logger.error("the archive cannot be reached: %s", exc)
            raise ArchiveFailedError(AWAY) from exc
        _breaker.reset()
        yield lambda sql, values: _rows(opened, deadline, sql, values)


def _rows(opened: Ask, deadline: Deadline, sql: str, values: Sequence[str]) -> Iterator[Row]:
    is_begun = False
    try:
        for row in opened(sql, values):
            is_begun = True
            yield row
    except (psycopg.Error, sqlite3.Error) as exc:
        logger.error("the archive did not answer %s: %s", sql[:500], exc)
        is_lost = isinstance(exc, psycopg.OperationalError)
        raise deadline.failure(LOST if is_begun or is_lost else REFUSED) from exc


@contextlib.contextmanager
def _sqlite(view: ArchiveView, deadline: Deadline) -> Iterator[Ask]:
    path = unquote(view.address.removeprefix("sqlite:///"))
    opened = sqlite3.connect(
        f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False, timeout=view.seconds
    )
    try:
        opened.execute("PRAGMA query_only=ON")
        opened.execute("SELECT 1 FROM sqlite_master LIMIT 1")  # A file that is not a database fails here.
        opened.set_progress_handler(lambda: int(not deadline.left), _STEPS)

        def ask(sql: str, values: Sequence[str]) -> Iterator[Row]:
            cursor = opened.execute(sql, values)
            while rows := cursor.fetchmany(_BLOCK):
                yield from rows

        yield ask
    finally:
        opened.close()


@contextlib.contextmanager
def _postgresql(view: ArchiveView, deadline: Deadline) -> Iterator[Ask]:
    opened = psycopg.connect(
        view.address,
        connect_timeout=_CONNECT_SECONDS,
        application_name="crds",
        client_encoding="utf8",
    )
    try:
        opened.read_only = True
        with _cut_after(deadline, opened):
            milliseconds = max(1, int(deadline.left * 1000))
            opened.execute(f"SET LOCAL statement_timeout = {milliseconds}")

            def ask(sql: str, values: Sequence[str]) -> Iterator[Row]:
                with opened.cursor(name="archive") as cursor:
                    # Names hold letters, digits and underscores only, so each question mark is a place.
                    cursor.execute(sql.replace("?", "%s").encode(), list(values))
                    while rows := cursor.fetchmany(_BLOCK):
                        yield from rows

            yield ask
    finally:
        opened.close()


@contextlib.contextmanager
def _cut_after(deadline: Deadline, opened: psycopg.Connection[Any]) -> Iterator[None]:
    """Cut a connection when the time is over. A frozen server heeds neither time-outs nor a cancel."""
    line = socket.socket(fileno=os.dup(opened.fileno()))

    def cut() -> None:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    # The server ends a statement by itself first, which leaves a better text in its log.
    timer = threading.Timer(deadline.left + 0.5, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        line.close()
