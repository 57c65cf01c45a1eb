"""The pool of connections while PostgreSQL is away."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from apps.core.postgresql.pool import DrainingPool
from tests.patience import wait_for


@pytest.fixture
def attempts() -> Iterator[tuple[int, list[str]]]:
    """Return a port that closes each connection at once, and the list that grows by one with each."""
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            with contextlib.suppress(OSError):
                while True:
                    caller, _address = server.accept()
                    seen.append("attempt")
                    caller.close()

        thread = threading.Thread(target=refuse)
        thread.start()
        yield server.getsockname()[1], seen
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_each_caller_of_a_long_outage_starts_an_attempt_to_connect(attempts: tuple[int, list[str]]) -> None:
    port, seen = attempts
    pool = DrainingPool(
        is_checked=False,
        kwargs={"host": "127.0.0.1", "port": port, "dbname": "x"},
        configure=lambda _: None,
        min_size=0,
        max_size=1,
        timeout=0.2,
        open=True,
    )
    try:
        for _ in range(2):
            before = len(seen)
            pool.breaker.reset()  # As after its pause.
            with pytest.raises((OperationalError, PoolTimeout)):
                pool.getconn()
            wait_for(lambda before=before: len(seen) > before, "an attempt to connect")
            # The pool would try for five minutes, and pause twice as long after each attempt.
            wait_for(lambda: pool.get_stats()["pool_size"] == 0, "the pool to leave attempts to its callers")
    finally:
        pool.close()
