"""A line that shows the progress of a command."""

import sys
import time
from typing import TextIO

PAUSE = 3.0  # seconds between lines where they cannot overwrite each other
BAR = 30  # characters


class Progress:
    """A count of the steps of a task: one changing line on a terminal, elsewhere a line every few seconds."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.is_terminal = self.stream.isatty()
        self.start("", 0)

    def start(self, task: str, total: int) -> None:
        """Begin a task of `total` steps."""
        self.task, self.total, self.done = task, total, 0
        self.started = self.shown = time.monotonic()

    def step(self, count: int = 1) -> None:
        """Add `count` steps that are done."""
        self.done += count
        now = time.monotonic()
        if now - self.shown >= (0.1 if self.is_terminal else PAUSE):
            self.shown = now
            self._show("\r" if self.is_terminal else "", "" if self.is_terminal else "\n")

    def finish(self) -> None:
        """End the task with a line that stays."""
        self._show("\r" if self.is_terminal else "", "\n")

    def _show(self, before: str, after: str) -> None:
        rate = self.done / max(time.monotonic() - self.started, 1e-6)
        filled = BAR * self.done // max(self.total, 1)
        bar = f" [{'#' * filled:<{BAR}}]" if self.is_terminal else ""
        self.stream.write(f"{before}{self.task}{bar} {self.done}/{self.total}, {rate:.0f}/s{after}")
        self.stream.flush()
