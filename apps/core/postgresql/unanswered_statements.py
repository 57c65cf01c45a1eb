"""Statements that get no answer. The database is asked on another connection whether it lives.

The kernel of a machine whose PostgreSQL is frozen still answers keepalives, so without this a statement that
was sent before waits until the database thaws. A statement that is only slow, or waits for a lock, goes on:
the database answers then.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from psycopg import Connection, OperationalError, errors
from psycopg.abc import PQGen

from apps.core.postgresql.patience import Patience, patience
from apps.core.postgresql.timed_question import SilenceError, require_answer

RV = TypeVar("RV")

SHARED = 1.0  # seconds in which callers share one answer to the question whether the database lives
DOUBT = 5.0  # seconds after the loss of a database in which a short silence is enough to give up
SHORT_SILENCE = 0.5  # seconds


class Life:
    """The question whether a database lives.

    Parameters
    ----------
    ask
        Asks it, and waits so many seconds for the answer.
    on_loss
        Called when it does not live.
    """

    def __init__(self, ask: Callable[[float], bool], *, on_loss: Callable[[], None]) -> None:
        self._ask = ask
        self._on_loss = on_loss
        self._lock = threading.Lock()
        self._asked_at = self._answered_at = float("-inf")
        self._is_lost = False

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
                self._is_lost = not self._ask(seconds)
                self._answered_at = time.monotonic()
                if self._is_lost:
                    self._on_loss()
            return self._is_lost


def lives(parameters: dict[str, Any], seconds: float) -> bool:
    """Return whether a database takes a new connection and answers there in time.

    One that refuses a connection lives: it may have too many, or be at its start.
    """
    parameters = parameters | {"connect_timeout": max(2, math.ceil(seconds))}
    try:
        with Connection.connect(**parameters) as connection:
            require_answer(connection, seconds)
    except (errors.ConnectionTimeout, SilenceError):
        return False
    except OperationalError:
        return True
    return True


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
            Raised if the database does not live, or gave no answer for too long. The connection is closed.
        """
        return super().wait(self._watched(gen), *arguments, **options)

    def _watched(self, steps: PQGen[RV]) -> PQGen[RV]:
        limits = patience()
        silent_since = asked_at = time.monotonic()
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if ready:
                    silent_since = asked_at = time.monotonic()
                else:
                    asked_at = self._require_life(limits, silent_since, asked_at)
                wanted = steps.send(ready)
        except StopIteration as end:
            result: RV = end.value
            return result

    def _require_life(self, limits: Patience, silent_since: float, asked_at: float) -> float:
        """Return when the database was last asked whether it lives."""
        now = time.monotonic()
        if now - silent_since > limits.whole:
            self._give_up(f"a statement got no answer in {limits.whole:g} s")
        if self.life is None:
            return asked_at
        if self.life.is_in_doubt and now - silent_since > SHORT_SILENCE:
            self._give_up("the database gave no sign of life a moment ago")
        if now - asked_at < limits.silence:
            return asked_at
        if self.life.is_lost(limits.silence):
            self._give_up(f"the database gave no sign of life in {limits.silence:g} s")
        return time.monotonic()

    def _give_up(self, reason: str) -> NoReturn:
        self.pgconn.finish()
        raise OperationalError(reason)
