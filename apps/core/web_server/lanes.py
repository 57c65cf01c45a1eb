"""Lanes of threads. What waits in one lane does not delay another, and a full lane refuses work at once.

All methods but `_work` run in the loop, so the counts need no lock.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from apps.core.web_server.messages import OverloadError

Result = TypeVar("Result")

PATIENCE = 1.0  # seconds that work may wait for a thread; what would wait longer is refused
MEMORY = 2.0  # seconds after which a measured wait is out of date


@dataclass(slots=True)
class _Job:
    work: Callable[[], Any]
    result: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    asked_at: float


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

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return the result of `work`, which runs in a thread.

        Raises
        ------
        OverloadError
            Raised at once if the lane is full, and later if the work waited too long for a thread.
        """
        if self.is_busy:
            raise OverloadError
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future(), loop, time.monotonic())
        self.inside += 1
        if self._started < min(self.threads, self.inside):
            self._start_thread()
        self._jobs.put(job)
        result: Result = await job.result
        return result

    def _start_thread(self) -> None:
        self._started += 1
        name = f"{self.name}-{self._started}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            now = time.monotonic()
            self._last_wait, self._waited_at = now - job.asked_at, now
            try:
                if self._last_wait > 4 * PATIENCE or job.result.cancelled():
                    raise OverloadError
                result, error = job.work(), None
            except BaseException as exc:
                result, error = None, exc
            job.loop.call_soon_threadsafe(self._finish, job, result, error)
            del job, result, error  # An idle thread must keep nothing alive.

    def _finish(self, job: _Job, result: Any, error: BaseException | None) -> None:
        self.inside -= 1
        if job.result.cancelled():
            return
        if error is None:
            job.result.set_result(result)
        else:
            job.result.set_exception(error)
