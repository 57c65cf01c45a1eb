"""A supervisor that keeps a few child programs running and ends them together."""

import contextlib
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

logger = logging.getLogger(__name__)

PAUSE = 2.0  # seconds between the end of a child and its next start
PATIENCE = 15.0  # seconds a child may take to end before it is killed
DYING = 5.0  # seconds that a kill may take; a process that is left then is a zombie that nobody collects
LOOK = 0.05  # seconds between two checks of children that are ending
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # HUP is sent when a terminal is closed.


@dataclass
class Process:
    """A child process made by a fork, at the head of a process group of its own."""

    pid: int
    returncode: int | None = None  # None while it runs; negative: the signal that ended it

    @classmethod
    def start(cls, name: str, run: Callable[[], None]) -> "Process":
        """Return a new process that runs a function and ends; `name` is what `ps` and `top` show."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _become_child(name, run)
        with contextlib.suppress(OSError):  # The child does it as well; whoever is first, it is done in time.
            os.setpgid(pid, pid)
        return cls(pid)

    def poll(self) -> int | None:
        """Return the exit status of the process, or None if it still runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # `_reap_orphans` collected it.
                self.returncode = 0
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


def _become_child(name: str, run: Callable[[], None]) -> NoReturn:
    """Run a function as a program of its own, and never return to the code of the parent."""
    status = 1
    try:
        os.setpgid(0, 0)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        with contextlib.suppress(OSError):
            Path("/proc/self/comm").write_text(name)
        run()
        status = 0
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


@dataclass
class ChildProgram:
    """One program in its own process group, so that its helpers end with it.

    Attributes
    ----------
    run
        The program. It runs in a copy of this process, so what is loaded already is neither loaded again nor
        kept twice.
    """

    name: str
    run: Callable[[], None]
    process: Process | None = None
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
            self.process = Process.start(self.name, self.run)
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
