"""A pool of connections that is emptied when the first dead connection is found."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from psycopg import OperationalError
from psycopg_pool import ConnectionPool, PoolTimeout

from apps.core.postgresql.breaker import Breaker
from apps.core.postgresql.timed_question import require_answer
from apps.core.postgresql.unanswered_statements import (
    Life,
    WatchedConnection,
    end_process,
    overdue_processes,
)

CHECK_SECONDS = 1.0  # A database that lets a check wait longer is taken for away.
RECONNECT_SECONDS = 1.0  # The pool itself tries so long. After that, the next caller starts a new attempt.


class DrainingPool(ConnectionPool[WatchedConnection]):
    """A pool for callers who prefer a quick refusal to a long wait.

    Parameters
    ----------
    is_checked
        Whether a connection is checked before its use.
    kwargs
        The parameters of a connection.
    configure
        Prepares a new connection.
    options
        Those of `ConnectionPool`.
    """

    def __init__(
        self,
        *,
        is_checked: bool,
        kwargs: dict[str, Any],
        configure: Callable[[WatchedConnection], Any],
        **options: Any,
    ) -> None:
        self.breaker = Breaker()
        self._life = Life(
            partial(overdue_processes, kwargs), on_loss=self.breaker.trip, end=partial(end_process, kwargs)
        )
        self._configure_as_asked = configure
        self._drain_lock = threading.Lock()
        self._emptied_at = 0.0
        super().__init__(
            connection_class=WatchedConnection,
            kwargs=kwargs,
            configure=self._prepare,
            check=self._check if is_checked else None,
            reconnect_timeout=RECONNECT_SECONDS,
            reconnect_failed=lambda _: self.breaker.trip(),
            **options,
        )

    def getconn(self, timeout: float | None = None) -> WatchedConnection:
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

    def _prepare(self, connection: WatchedConnection) -> None:
        connection.life = self._life
        self._configure_as_asked(connection)

    def _is_exhausted(self) -> bool:
        """Return whether callers wait for each other and not for the database."""
        return self.get_stats()["pool_size"] >= self.max_size

    def _check(self, connection: WatchedConnection) -> None:
        try:
            require_answer(connection, CHECK_SECONDS)
        except OperationalError:
            connection.close()
            self._drain_of(connection)
            raise

    def _drain_of(self, dead: WatchedConnection) -> None:
        # What ended one connection has ended the others too. The pool would find them one by one, and pause
        # twice as long after each. What was made after the pool was last emptied may be alive.
        with self._drain_lock:
            if dead._created_at < self._emptied_at:
                return
            self._emptied_at = time.monotonic()
        self.drain()
