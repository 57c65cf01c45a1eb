"""Statements that get no answer. The database is asked on another connection whether it lives.

The kernel of a machine whose PostgreSQL is frozen still answers keepalives, so without this a statement that
was sent before waits until the database thaws. A statement that is only slow, or waits for a lock, goes on:
the database answers then.

One process of PostgreSQL may be frozen alone, while the others answer. They are asked which processes are
overdue: those that rest although a statement was sent to them, and those that have worked, or waited for a
lock, for longer than PostgreSQL lets a process that lives.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from psycopg import Connection, Error, OperationalError, errors
from psycopg.abc import PQGen

from apps.core.postgresql.patience import Patience, patience
from apps.core.postgresql.timed_question import SilenceError, require_answer

logger = logging.getLogger(__name__)

RV = TypeVar("RV")

SHARED = 1.0  # seconds in which callers share one answer to the question whether the database lives
DOUBT = 5.0  # seconds after the loss of a database in which a short silence is enough to give up
SHORT_SILENCE = 0.5  # seconds
# Seconds until an overdue process is asked for again, since its answer may have been under way. More than
# `SHARED`, so that the second answer is another one.
AGAIN = 1.5
END_SECONDS = 2.0  # that the order to end a process may take

_OVERDUE = b"""
SELECT pid FROM pg_stat_activity activity
WHERE usename = session_user AND datname = current_database() AND (
    state LIKE 'idle%'
    OR clock_timestamp() - query_start
        > nullif(current_setting('statement_timeout')::interval, '0') + interval '2 s'
    OR EXISTS (
        SELECT FROM pg_locks WHERE pg_locks.pid = activity.pid AND NOT granted
        AND clock_timestamp() - waitstart
            > nullif(current_setting('lock_timeout')::interval, '0') + interval '2 s'
    )
)"""


class Life:
    """The question whether a database lives, and which of its processes are overdue.

    Parameters
    ----------
    ask
        Asks it, and waits so many seconds for the answer; None if it does not live.
    on_loss
        Called when it does not live.
    end
        Asks it to end one of its processes.
    """

    def __init__(
        self,
        ask: Callable[[float], frozenset[int] | None],
        *,
        on_loss: Callable[[], None],
        end: Callable[[int], None],
    ) -> None:
        self._ask = ask
        self._on_loss = on_loss
        self.end = end
        self._lock = threading.Lock()
        self._asked_at = self._answered_at = float("-inf")
        self._is_lost = False
        self._overdue: frozenset[int] = frozenset()

    @property
    def is_in_doubt(self) -> bool:
        """True if the database did not answer the last question, a short while ago."""
        return self._is_lost and time.monotonic() < self._answered_at + DOUBT

    def is_lost(self, seconds: float) -> bool:
        """Return whether the database gives no sign of life in so many seconds."""
        came_at = time.monotonic()
        with self._lock:
            if self._asked_at < came_at - SHARED:
                self._asked_at = time.monotonic()
                overdue = self._ask(seconds)
                self._is_lost, self._overdue = overdue is None, overdue or frozenset()
                self._answered_at = time.monotonic()
                if self._is_lost:
                    self._on_loss()
            return self._is_lost

    def is_overdue(self, process: int) -> bool:
        """Return whether the last answer named this process."""
        return process in self._overdue


def overdue_processes(parameters: dict[str, Any], seconds: float) -> frozenset[int] | None:
    """Return the processes of this account that rest or are late; None if the database does not live.

    One that refuses a connection lives: it may have too many, or be at its start.
    """
    try:
        found = _ask_apart(parameters, seconds, _OVERDUE)
    except (errors.ConnectionTimeout, SilenceError):
        return None
    except OperationalError:
        return frozenset()
    return frozenset(map(int, found))


def end_process(parameters: dict[str, Any], process: int) -> None:
    """Ask the database to end a process. One that is frozen ends when it thaws, before it reads anything.

    Otherwise it would do the statement then, after the work was perhaps done by somebody else.
    """
    try:
        _ask_apart(parameters, END_SECONDS, b"SELECT pg_terminate_backend(%d)" % process)
    except Error as exc:
        logger.warning("could not end process %d of the database: %s", process, exc)


def _ask_apart(parameters: dict[str, Any], seconds: float, question: bytes) -> list[bytes]:
    """Return the answer that a new connection gets."""
    parameters = parameters | {"connect_timeout": max(2, math.ceil(seconds))}
    with Connection.connect(**parameters) as connection:
        return require_answer(connection, seconds, question)


@dataclass
class _Silence:
    """The time since which there is no answer, the time of the last question, and what it said."""

    since: float
    asked_at: float
    is_overdue: bool = False


class WatchedConnection(Connection[Any]):
    """A connection whose statements do not wait for a database that is frozen.

    Attributes
    ----------
    life
        The life of the database, which the pool sets.
    """

    life: Life | None = None

    def wait(self, gen: PQGen[RV], *arguments: Any, **options: Any) -> RV:
        """Do the steps of a statement, and return its result.

        Raises
        ------
        psycopg.OperationalError
            Raised if the database or its process does not live, or gave no answer for too long. The
            connection is closed.
        """
        return super().wait(self._watched(gen), *arguments, **options)

    def _watched(self, steps: PQGen[RV]) -> PQGen[RV]:
        limits, silence = patience(), _silence()
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if ready:
                    silence = _silence()
                else:
                    self._require_life(limits, silence)
                wanted = steps.send(ready)
        except StopIteration as end:
            result: RV = end.value
            return result

    def _require_life(self, limits: Patience, silence: _Silence) -> None:
        """Give up if the database, or its process for this connection, does not live."""
        now = time.monotonic()
        if now - silence.since > limits.whole:
            self._give_up(f"a statement got no answer in {limits.whole:g} s")
        if self.life is None:
            return
        if self.life.is_in_doubt and now - silence.since > SHORT_SILENCE:
            self._give_up("the database gave no sign of life a moment ago")
        if now - silence.asked_at < (AGAIN if silence.is_overdue else limits.silence):
            return
        if self.life.is_lost(limits.silence):
            self._give_up(f"the database gave no sign of life in {limits.silence:g} s")
        process = self.info.backend_pid
        is_overdue = self.life.is_overdue(process)
        if is_overdue and silence.is_overdue:
            self.life.end(process)
            self._give_up(f"process {process} of the database does not go on")
        silence.asked_at, silence.is_overdue = time.monotonic(), is_overdue

    def _give_up(self, reason: str) -> NoReturn:
        self.pgconn.finish()
        raise OperationalError(reason)


def _silence() -> _Silence:
    now = time.monotonic()
    return _Silence(now, now)
