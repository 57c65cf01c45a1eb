"""Lanes of threads. What waits in one lane does not delay another, and a full lane refuses work at once.

A job is either run by a thread or refused by the loop. Its result either reaches the caller or is given up,
so nothing stays open. All methods but `_work` and `_report` run in the loop, so the counts need no lock.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from apps.core.web_server.messages import OverloadError

Result = TypeVar("Result")

PATIENCE = 1.0  # seconds that work may wait for a thread; what would wait longer is refused
LONGEST_WAIT = 4  # times PATIENCE; what was admitted and has waited so long is refused after all
MEMORY = 2.0  # seconds after which a measured wait is out of date


@dataclass(slots=True, eq=False)
class _Job:
    work: Callable[[], Any]
    give_up: Callable[[Any], object] | None
    result: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    asked_at: float
    _taken: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        """Return True to the first who asks; that one alone runs or refuses the job."""
        return self._taken.acquire(blocking=False)

    def drop(self, result: Any = None) -> None:
        """Give up a result in a thread, because closing it may wait for a database."""
        if self.give_up is not None:
            self.loop.run_in_executor(None, self.give_up, result)


def _outcome(work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return work(), None
    except BaseException as exc:
        return None, exc


class ThreadLane:
    """A queue with threads of its own, which start when they are needed."""

    def __init__(self, name: str, *, threads: int, waiting: int) -> None:
        self.name, self.threads, self.waiting = name, threads, waiting
        self.inside = 0  # jobs that wait or run
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._started = 0
        self._last_wait = 0.0
        self._waited_at = 0.0

    @property
    def is_busy(self) -> bool:
        """True if new work would wait too long."""
        waiting = self.inside - self.threads
        if waiting <= 0:
            return False
        is_slow = self._last_wait > PATIENCE and time.monotonic() - self._waited_at < MEMORY
        return is_slow or waiting >= self.waiting

    async def run(
        self, work: Callable[[], Result], *, give_up: Callable[[Result | None], object] | None = None
    ) -> Result:
        """Return the result of `work`, which runs in a thread.

        Parameters
        ----------
        give_up
            Called in a thread if nobody gets the result: with the result, or with None if `work` never ran.
            It closes what they hold. Work that fails must close that by itself.

        Raises
        ------
        OverloadError
            Raised at once if the lane is full, and later if the work waited too long for a thread. Then
            `work` never runs.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, give_up, loop.create_future(), loop, time.monotonic())
        if self.is_busy:
            job.drop()
            raise OverloadError
        self._admit(job)
        must_wait = self.inside > self.threads
        timer = loop.call_later(LONGEST_WAIT * PATIENCE, self._refuse, job) if must_wait else None
        try:
            result: Result = await job.result
            return result
        except asyncio.CancelledError:
            self._cancel(job)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _admit(self, job: _Job) -> None:
        self.inside += 1
        if self._started < min(self.threads, self.inside):
            self._started += 1
            name = f"{self.name}-{self._started}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        self._jobs.put(job)

    def _refuse(self, job: _Job) -> None:
        """Refuse a job that has waited too long, unless a thread has just taken it."""
        if job.take():
            self._note_wait(job)
            job.drop()
            self._finish(job, None, OverloadError())

    def _cancel(self, job: _Job) -> None:
        """Give up a job that waits, or a result that has come and was not fetched.

        The result of a job that still runs is given up by `_finish`.
        """
        result = job.result
        if job.take():
            self.inside -= 1
            job.drop()
        elif result.done() and not result.cancelled() and result.exception() is None:
            job.drop(result.result())

    def _note_wait(self, job: _Job) -> None:
        now = time.monotonic()
        self._last_wait, self._waited_at = now - job.asked_at, now

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job.take():
                self._note_wait(job)
                self._report(job)
            del job  # An idle thread must keep nothing alive.

    def _report(self, job: _Job) -> None:
        """Run a job and hand its result to the loop."""
        result, error = _outcome(job.work)
        try:
            job.loop.call_soon_threadsafe(self._finish, job, result, error)
        except RuntimeError:  # The loop has ended, and the server with it.
            if error is None and job.give_up is not None:
                job.give_up(result)

    def _finish(self, job: _Job, result: Any, error: BaseException | None) -> None:
        self.inside -= 1
        if error is not None and not job.result.cancelled():
            job.result.set_exception(error)
        elif not job.result.cancelled():
            job.result.set_result(result)
        elif error is None:
            job.drop(result)
