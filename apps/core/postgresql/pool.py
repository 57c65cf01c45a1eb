"""A pool of connections that is emptied when the first dead connection is found."""

import select
import threading
import time
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.pq import ExecStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from apps.core.postgresql.breaker import Breaker

CHECK_SECONDS = 1.0  # A database that lets a check wait longer is taken for away.
RECONNECT_SECONDS = 1.0  # The pool itself tries so long. After that, the next caller starts a new attempt.


class DrainingPool(ConnectionPool[Connection[Any]]):
    """A pool for callers who prefer a quick refusal to a long wait."""

    def __init__(self, *, is_checked: bool, **options: Any) -> None:
        self.breaker = Breaker()
        self._drain_lock = threading.Lock()
        self._emptied_at = 0.0
        super().__init__(
            check=self._check if is_checked else None,
            reconnect_timeout=RECONNECT_SECONDS,
            reconnect_failed=lambda _: self.breaker.trip(),
            **options,
        )

    def getconn(self, timeout: float | None = None) -> Connection[Any]:
        """Return a connection that works.

        Raises
        ------
        psycopg.OperationalError
            Raised at once if the database was away a moment ago, or after the time-out of the pool.
        """
        if not self.breaker.admits():
            raise OperationalError("the database was away a moment ago")
        try:
            connection = super().getconn(timeout)
        except PoolTimeout:
            if not self._is_exhausted():
                self.breaker.trip()
            raise
        self.breaker.reset()
        return connection

    def _is_exhausted(self) -> bool:
        """Return whether callers wait for each other and not for the database."""
        return self.get_stats()["pool_size"] >= self.max_size

    def _check(self, connection: Connection[Any]) -> None:
        try:
            require_answer(connection, CHECK_SECONDS)
        except OperationalError:
            connection.close()
            self._drain_of(connection)
            raise

    def _drain_of(self, dead: Connection[Any]) -> None:
        # What ended one connection has ended the others too. The pool would find them one by one, and pause
        # twice as long after each. What was made after the pool was last emptied may be alive.
        with self._drain_lock:
            if dead._created_at < self._emptied_at:
                return
            self._emptied_at = time.monotonic()
        self.drain()


def require_answer(connection: Connection[Any], seconds: float) -> None:
    """Send an empty statement and wait for the answer.

    A statement of psycopg itself would wait without end for a database that is frozen.

    Raises
    ------
    psycopg.OperationalError
        Raised if the connection is lost, or if no answer came in time.
    """
    wire, until = connection.pgconn, time.monotonic() + seconds
    wire.send_query(b"")
    wire.flush()
    while True:
        while not wire.is_busy():
            answer = wire.get_result()
            if answer is None:
                return
            if answer.status != ExecStatus.EMPTY_QUERY:
                raise OperationalError(answer.get_error_message())
        readable = select.poll()
        readable.register(wire.socket, select.POLLIN)
        if not readable.poll(max(0.0, until - time.monotonic()) * 1000):
            raise OperationalError(f"the database did not answer in {seconds:g} s")
        wire.consume_input()
