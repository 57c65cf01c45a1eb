"""Processes whose clock is wrong by as much as a file says."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.roots import PROJECT

HOUR = 3600
CLOCKS = PROJECT / "tests" / "clocks"


class WrongClock:
    """The clock of processes that are started with `environment`."""

    def __init__(self, path: Path, shift: float = 0) -> None:
        self._path = path
        self.set(shift)

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": f"{CLOCKS}:{PROJECT}", "CLOCK_SHIFT": str(self._path)}

    def set(self, shift: float) -> None:
        """Make the clock jump so that it is ahead by so many seconds."""
        unfinished = self._path.with_suffix(".new")
        unfinished.write_text(str(shift))
        os.replace(unfinished, self._path)

    @contextlib.contextmanager
    def jumping(self, *shifts: float, every: float) -> Iterator[None]:
        """Make the clock jump again and again until the block ends."""
        is_over = threading.Event()

        def jump() -> None:
            while not is_over.is_set():
                for shift in shifts:
                    self.set(shift)
                    is_over.wait(every)

        thread = threading.Thread(target=jump)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()
