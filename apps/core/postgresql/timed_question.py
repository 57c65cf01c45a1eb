"""A question to a database that waits only for a while."""

import select
import time
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.pq import ExecStatus


class SilenceError(OperationalError):
    """A database did not answer in time."""


def require_answer(connection: Connection[Any], seconds: float) -> None:
    """Send an empty statement and wait for the answer.

    A statement of psycopg itself would wait without end for a database that is frozen.

    Raises
    ------
    SilenceError
        Raised if no answer came in time.
    psycopg.OperationalError
        Raised if the connection is lost.
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
            raise SilenceError(f"the database did not answer in {seconds:g} s")
        wire.consume_input()
