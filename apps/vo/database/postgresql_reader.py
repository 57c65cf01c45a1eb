"""Queries on PostgreSQL: a role of their own, a transaction that only reads, and a cancel from outside."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql as text

from apps.vo.database.rights import role_name
from apps.vo.database.running_query import BATCH, Clock, Row
from apps.vo.errors import NoRoomError, OurFaultError, UsageError, VoError

logger = logging.getLogger(__name__)

LOOK = 0.25  # seconds between two looks at the clock and the switch
_IDLE: list[tuple[tuple[Any, ...], psycopg.Connection[Row]]] = []  # Connections for the next queries.
_IDLE_LOCK = threading.Lock()
KEPT = 4


def open_query(sql: str, clock: Clock) -> PostgresqlCursor:
    """Start a query; errors as `reading.open_query`."""
    return PostgresqlCursor(sql, clock, connect())


def connect() -> psycopg.Connection[Row]:
    """Return a connection with the rights of the reader of published tables, an idle one if there is one.

    Raises
    ------
    NoRoomError
        Raised if the database does not answer, or the role is missing.
    """
    key = _key()
    with _IDLE_LOCK:
        while _IDLE:
            known, opened = _IDLE.pop()
            if known == key and not opened.closed:
                return opened
            opened.close()
    return _new()


def _key() -> tuple[Any, ...]:
    described = connection.settings_dict
    return tuple(described[name] for name in ("NAME", "USER", "HOST", "PORT"))


def _new() -> psycopg.Connection[Row]:
    parameters = {
        name: value
        for name, value in connection.get_connection_params().items()
        if name not in ("pool", "cursor_factory", "context", "prepare_threshold")
    }
    try:
        opened = psycopg.connect(**parameters, autocommit=True)
    except psycopg.Error as exc:
        logger.error("queries cannot reach the database: %s", exc)
        raise NoRoomError("The database does not answer now.") from exc
    try:
        _prepare(opened)
    except psycopg.Error as exc:
        opened.close()
        logger.error("queries cannot use the role %s: %s", role_name(), exc)
        raise NoRoomError(
            "Queries are not set up on this server; its operators find the reason in the log."
        ) from exc
    return opened


def _prepare(opened: psycopg.Connection[Row]) -> None:
    opened.execute("SET default_transaction_read_only = on")
    opened.execute("SET search_path = public, pg_temp")
    opened.execute("SET jit = off")
    opened.execute(text.SQL("SET ROLE {}").format(text.Identifier(role_name())))


def close_idle() -> None:
    """Close the connections that wait for a query."""
    with _IDLE_LOCK:
        while _IDLE:
            _IDLE.pop()[1].close()


class PostgresqlCursor:
    """A running query: a server-side cursor in a transaction that only reads."""

    def __init__(self, sql: str, clock: Clock, opened: psycopg.Connection[Row]) -> None:
        self._clock, self._connection, self._key = clock, opened, _key()
        self._problem: VoError | None = None
        self._cursor: psycopg.ServerCursor[Row] | None = None
        self._end = threading.Event()
        self._watch = threading.Thread(target=self._look, name="tap-clock", daemon=True)
        self._watch.start()
        try:
            milliseconds = max(1, int(clock.left * 1000) + 1000)
            opened.execute("BEGIN READ ONLY")
            opened.execute(text.SQL("SET LOCAL statement_timeout = {}").format(milliseconds))
            self._cursor = cursor = opened.cursor(name="tap")
            cursor.execute(sql.encode())
            self._first = self._fetch()
        except BaseException as exc:
            self.close()
            if isinstance(exc, psycopg.Error):
                raise self._translated(exc) from exc
            raise

    def batches(self) -> Iterator[list[Row]]:
        """Yield the rows."""
        batch = self._first
        while batch:
            yield batch
            try:
                batch = self._fetch()
            except psycopg.Error as exc:
                raise self._translated(exc) from exc

    def close(self) -> None:
        """End the query, and keep the connection for the next one."""
        self._end.set()
        self._watch.join()
        if self._cursor is not None:
            # In a transaction that failed the cursor cannot be closed, and ends with the transaction.
            with contextlib.suppress(psycopg.Error):
                self._cursor.close()
        try:
            self._connection.execute("ROLLBACK")
            self._connection.execute("DISCARD ALL")
            _prepare(self._connection)
        except psycopg.Error:
            self._connection.close()
            return
        with _IDLE_LOCK:
            if len(_IDLE) < KEPT:
                _IDLE.append((self._key, self._connection))
                return
        self._connection.close()

    def _fetch(self) -> list[Row]:
        if (problem := self._clock.problem()) is not None:
            raise problem
        assert self._cursor is not None  # noqa: S101 (it is opened before the first batch)
        return self._cursor.fetchmany(BATCH)

    def _look(self) -> None:
        """Cancel the statement when its time is over, or somebody aborts it. It cannot change this clock."""
        while not self._end.wait(min(LOOK, max(0.01, self._clock.left))):
            if self._problem is None:
                self._problem = self._clock.problem()
            if self._problem is not None:
                with contextlib.suppress(psycopg.Error):
                    self._connection.cancel_safe(timeout=2)

    def _translated(self, error: psycopg.Error) -> VoError:
        if self._problem is not None:
            return self._problem
        if isinstance(error, psycopg.errors.QueryCanceled):
            return self._clock.problem() or NoRoomError("The database ended the query.")
        return translated(error)


def translated(error: psycopg.Error) -> VoError:
    """Return our error for one of PostgreSQL. Classes 21, 22 and 42 are faults of the query."""
    code, first = error.sqlstate or "", (error.diag.message_primary or "").split("\n")[0]
    logger.info("PostgreSQL refused a query: %s %s", code, first)
    if code == "42501":
        return UsageError("The query reads what is not published.")
    if code[:2] in ("21", "22") or code in (
        "42803",
        "42804",
        "42883",
        "42846",
        "42P10",
        "42601",
        "42702",
        "42725",
    ):
        return UsageError(f"The query cannot be run: {first[:200]}.")
    logger.error("a query failed: %s %s", code, first)
    return OurFaultError("The query could not be run.")
