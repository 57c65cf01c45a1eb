"""The parent's side of the sandbox: start a program, watch it, and kill it with all it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from apps.certify.errors import ChildAbortedError, OutOfMemoryError, TimedOutError
from apps.certify.sandbox import known_observatory
from apps.certify.sandbox.environment import child_environment, own_environment
from apps.certify.sandbox.limits import Limits
from apps.certify.sandbox.memory import memory_of_family

LOOK = (
    0.2  # seconds between two looks at the clock, at the memory and at the question whether somebody aborted
)
SHORTEST_PAUSE, LONGEST_PAUSE = 0.001, 0.05  # seconds between two questions whether a child has ended
PRINTED_KEPT = 20_000  # bytes of what a child printed, for the log

IsAborted = Callable[[], bool]


def never() -> bool:
    """Return False: nobody can abort this work."""
    return False


class ChildProcess:
    """A program that runs in a clean environment and in a process group and folder of its own.

    Parameters
    ----------
    arguments
        Arguments of the interpreter.
    observatory
        Name in lower case.
    python
        The interpreter; ours if None.
    takes_orders
        Whether the program reads standard input.
    pass_fds
        Descriptors that it inherits.

    Raises
    ------
    OSError
        Raised if the program cannot be started.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        observatory: str,
        python: str | None = None,
        takes_orders: bool = False,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="crds-child-"))
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the program)
        try:
            known_observatory.tell(observatory, self.home)
            self._process = subprocess.Popen(
                [python or sys.executable, *arguments],
                env=child_environment(observatory, home=self.home, outside=own_environment()),
                cwd=self.home,
                stdin=subprocess.PIPE if takes_orders else subprocess.DEVNULL,
                stdout=self._printed,
                stderr=self._printed,
                pass_fds=tuple(pass_fds),
                start_new_session=True,
            )
        except OSError:
            self._clear()
            raise

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Return whether the program runs; one that has ended keeps its number until `kill`."""
        if self._process.returncode is not None:
            return False
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        return False

    def give_orders(self, orders: bytes) -> None:
        """Write to standard input and close it. The status of a program that is dead already tells why."""
        assert self._process.stdin is not None  # noqa: S101 (it was asked for)
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stream:
            stream.write(orders)

    def wait(self, seconds: float) -> int | None:
        """Return the exit status, or None if the program still runs after a time."""
        until, pause = time.monotonic() + seconds, SHORTEST_PAUSE
        while self.is_alive():
            if (left := until - time.monotonic()) <= 0:
                return None
            time.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)
        return self.kill()

    def kill(self) -> int:
        """Kill the program, unless it is dead, and all it started; return its exit status.

        The group is killed before the exit status is collected: until then its number belongs to nobody else.
        """
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()

    def printed(self) -> str:
        """Return the end of the text that the program printed."""
        size = os.fstat(self._printed.fileno()).st_size
        words = os.pread(self._printed.fileno(), PRINTED_KEPT, max(0, size - PRINTED_KEPT))
        return words.decode(errors="replace").strip()

    def end(self) -> None:
        """Kill the program with all it started, and remove its folder."""
        self.kill()
        self._clear()

    def _clear(self) -> None:
        self._printed.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Watch:
    """The limits on time and memory of one child from its start, and the question whether it was aborted.

    Parameters
    ----------
    limits
        The resources of the child.
    is_aborted
        Asked at each look.
    """

    def __init__(self, limits: Limits, is_aborted: IsAborted = never) -> None:
        self._limits, self._is_aborted = limits, is_aborted
        self._until = time.monotonic() + limits.seconds
        self._memory_read_at = 0.0

    def require_going_on(self, pid: int | None) -> None:
        """Raise the reason for which a child must end now.

        Parameters
        ----------
        pid
            The process whose memory is watched; None if it is not known yet.

        Raises
        ------
        ChildAbortedError, TimedOutError, OutOfMemoryError
            Raised while the child still lives; the caller ends it.
        """
        if self._is_aborted():
            raise ChildAbortedError("The check was stopped.")
        if time.monotonic() > self._until:
            raise TimedOutError(f"The check took longer than {self._limits.seconds:g} s.")
        # A child that tells much is looked at for each piece, and to read its memory costs more than that.
        if pid is not None and time.monotonic() - self._memory_read_at >= LOOK:
            self._require_memory(pid)

    def _require_memory(self, pid: int) -> None:
        taken = memory_of_family(pid)
        self._memory_read_at = time.monotonic()
        if taken > self._limits.memory:
            raise OutOfMemoryError(
                f"The check took more than {self._limits.memory:,} bytes of memory.",
                detail=f"{taken} bytes of memory",
            )

    def look_pause(self) -> float:
        """Return the seconds until the next look; fewer if the time of the child is nearly over."""
        return max(0.0, min(LOOK, self._until - time.monotonic()))
