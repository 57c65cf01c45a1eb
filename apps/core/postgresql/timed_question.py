"""A question to a database that waits only for a while."""

import select
import time
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.pq import ExecStatus

_ANSWERED = {ExecStatus.EMPTY_QUERY, ExecStatus.TUPLES_OK}


class SilenceError(OperationalError):
    """A database did not answer in time."""


def require_answer(connection: Connection[Any], seconds: float, question: bytes = b"") -> list[bytes]:
    """Send a statement, wait for the answer, and return the first value of each row, as text.

    A statement of psycopg itself would wait without end for a database that is frozen.

    Raises
    ------
    SilenceError
        Raised if no answer came in time.
    psycopg.OperationalError
        Raised if the connection is lost, or the database refuses the statement.
    """
    values: list[bytes] = []
    wire, until = connection.pgconn, time.monotonic() + seconds
    wire.send_query(question)
    wire.flush()
    while True:
        while not wire.is_busy():
            answer = wire.get_result()
            if answer is None:
                return values
            if answer.status not in _ANSWERED:
                raise OperationalError(answer.get_error_message())
            values += [answer.get_value(row, 0) or b"" for row in range(answer.ntuples)]
        readable = select.poll()
        readable.register(wire.socket, select.POLLIN)
        if not readable.poll(max(0.0, until - time.monotonic()) * 1000):
            raise SilenceError(f"the database did not answer in {seconds:g} s")
        wire.consume_input()
