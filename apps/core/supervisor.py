"""A supervisor that keeps a few child programs running and ends them together."""

import contextlib
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
DYING = 5.0  # seconds that a kill may take; a process that is left then is a zombie that nobody collects
LOOK = 0.05  # seconds between two checks of children that are ending
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # HUP is sent when a terminal is closed.


@dataclass
class ChildProgram:
    """One program in its own process group, so that its helpers end with it."""

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
            self.signal(signal.SIGKILL)  # Helpers that outlived it would run beside the new ones.
            self.start_at = time.monotonic() + PAUSE
        if time.monotonic() >= self.start_at:
            self.process = subprocess.Popen(self.command, env=dict(self.environment), start_new_session=True)
            self.start_at = 0.0
            logger.info("%s started, process %s", self.name, self.process.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program and to everything that it started, even after its own end."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def has_ended(self) -> bool:
        """Return whether the program and everything in its group have ended."""
        if self.process is None:
            return True
        self.process.poll()
        _reap_orphans(self.process.pid)
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def wait(self, until: float) -> None:
        """Wait for the end until a moment of the monotonic clock, then kill the rest."""
        if not self._ends(until):
            logger.error("%s or one of its helpers does not end; killing it", self.name)
            self.signal(signal.SIGKILL)
            self._ends(time.monotonic() + DYING)

    def _ends(self, until: float) -> bool:
        while not self.has_ended():
            if time.monotonic() > until:
                return False
            time.sleep(LOOK)
        return True


def _reap_orphans(group: int) -> None:
    """Collect the exit statuses of helpers whose parent has ended, if they became our children."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass


def supervise(children: Sequence[ChildProgram]) -> None:
    """Run the children until INT, TERM or HUP, and restart each that ends. Then end them all."""
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    previous = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        while not stopping:
            for child in children:
                child.start_if_due()
            time.sleep(0.2)
    finally:
        end_all(children)
        for number, handler in previous.items():
            signal.signal(number, handler)


def end_all(children: Sequence[ChildProgram]) -> None:
    """Ask all children to end at once, and kill the rest after `PATIENCE`."""
    for child in children:
        child.signal(signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    for child in children:
        child.wait(until)
