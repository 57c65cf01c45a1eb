"""Keeps a few child programs running, and ends them all together."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

PAUSE = 2.0  # seconds between the end of a child and its next start
PATIENCE = 15.0  # seconds a child may take to end before it is killed


@dataclass
class Child:
    """One program in a session of its own, so that its helpers end with it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    start_at: float = field(default=0.0)

    def start_if_due(self) -> None:
        """Start the program if it is not running and its pause is over."""
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None and self.start_at == 0.0:
            logger.error("%s ended with status %s; starting it again", self.name, self.process.returncode)
            self.start_at = time.monotonic() + PAUSE
        if time.monotonic() >= self.start_at:
            self.process = subprocess.Popen(self.command, env=dict(self.environment), start_new_session=True)
            self.start_at = 0.0
            logger.info("%s started, process %s", self.name, self.process.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program and everything it started."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def wait(self, until: float) -> None:
        """Wait for the end until a moment of the monotonic clock, then kill."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.error("%s does not end; killed", self.name)
            self.signal(signal.SIGKILL)
            self.process.wait()


def supervise(children: Sequence[Child]) -> None:
    """Run the children until INT or TERM, restarting each that ends; then end them all."""
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not stopping:
            for child in children:
                child.start_if_due()
            time.sleep(0.2)
    finally:
        end_all(children)
        for number, handler in previous.items():
            signal.signal(number, handler)


def end_all(children: Sequence[Child]) -> None:
    """End all children at once, politely first."""
    for child in children:
        child.signal(signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    for child in children:
        child.wait(until)
