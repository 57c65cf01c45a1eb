"""The parent's side of certification: start jobs in children, read what they report, end them in time.

A worker process keeps one `Runner`. It starts one program, `child`, which holds the imported library and
forks a child for each job; any number of threads may run jobs at once, and each job is alone in its process.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from apps.certify.ends import is_fault_of_file, tells_our_error
from apps.certify.environment import child_environment, make_cache, own_environment
from apps.certify.errors import (
    BrokenCheckError,
    ChildAbortedError,
    ChildError,
    RefusedJobError,
    TimedOutError,
)
from apps.certify.messages import (
    Answer,
    CertifyJob,
    End,
    Event,
    FileVerdict,
    Job,
    Limits,
    Log,
    Rewrite,
    Rewritten,
    RmapEdit,
    RmapMade,
    SynphotJob,
    SynphotVerdict,
    TableMade,
    decode,
)

__all__ = [
    "Answer",
    "CertifyJob",
    "End",
    "Event",
    "FileVerdict",
    "Limits",
    "Log",
    "Rewrite",
    "Rewritten",
    "RmapEdit",
    "RmapMade",
    "Runner",
    "SynphotJob",
    "SynphotVerdict",
    "TableMade",
    "runner_for",
]

logger = logging.getLogger(__name__)

LOOK = 0.2  # seconds between two looks at the clock and at the wish to abort
LONGEST_LINE = 64 << 20  # bytes
STRAY_KEPT = 20_000  # bytes of what a child printed beside its events

Wish = Callable[[], bool]


def _never() -> bool:
    return False


@cache
def _kept_runner(observatory: str, _pid: int) -> Runner:
    runner = Runner(observatory)
    atexit.register(runner.close)
    return runner


def runner_for(observatory: str) -> Runner:
    """Return the runner this process keeps for an observatory."""
    return _kept_runner(observatory, os.getpid())


class Runner:
    """Runs jobs of one observatory, each in a child of its own.

    Parameters
    ----------
    observatory
        Lower case name.
    python
        The interpreter whose packages the children use.
    """

    def __init__(self, observatory: str, *, python: str = sys.executable) -> None:
        self.observatory, self._python = observatory, python
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._server: _Server | None = None

    def warm(self) -> None:
        """Start importing the library now, so that the first job need not wait for it."""
        with self._lock:
            self._living_server()

    def close(self) -> None:
        """End the program and, with it, every job that runs."""
        with self._lock:
            if self._server is not None:
                self._server.stop()
                self._server = None

    def run(self, job: Job, *, is_aborted: Wish = _never) -> Iterator[Event]:
        """Do a job and yield what happens as it happens; the last event is `End`.

        The child is killed with all it started when the caller stops asking for events.

        Parameters
        ----------
        job
            Its folder must exist and be empty.
        is_aborted
            Asked several times a second, from this thread.

        Raises
        ------
        RefusedJobError
            Raised at once if the job makes no sense.
        TimedOutError, AbortedError
            Raised once the child is dead.
        BrokenCheckError
            Raised if a file killed the child.
        ChildError
            Raised if the child could not start, was killed by somebody else, fell over a mistake of ours, met
            a full disk, died between files or spoke nonsense.
        """
        if job.observatory != self.observatory:
            raise RefusedJobError(f"This is a server of {self.observatory}, not of {job.observatory}.")
        job.require_sound()
        folder = Path(job.folder)
        make_cache(folder, store=Path(job.store), observatory=job.observatory, context=job.context)
        if not (folder / "cache" / "mappings" / job.observatory / job.context).is_file():
            raise RefusedJobError(f"There is no context {job.context}.")
        return self._events(job, is_aborted)

    def _events(self, job: Job, is_aborted: Wish) -> Iterator[Event]:
        with self._lock:
            server = self._living_server()
            running = _Running(server, next(self._ids), job)
        try:
            yield from running.events(is_aborted)
        finally:
            running.stop()

    def _living_server(self) -> _Server:
        if self._server is not None and not self._server.is_alive():
            logger.warning(
                "the certification program died and is started again: %s", self._server.last_words()
            )
            self._server.stop()
            self._server = None
        if self._server is None:
            self._server = _Server(self.observatory, self._python)
        return self._server


class _Server:
    """The program which holds the library."""

    def __init__(self, observatory: str, python: str) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="crds-certify-"))
        self._stray = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the program)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [python, "-m", "apps.certify.child", str(theirs.fileno())],
                env=child_environment(observatory, home=self._home, outside=own_environment()),
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=self._stray,
                stderr=self._stray,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        """Return the end of what the program printed."""
        size = os.fstat(self._stray.fileno()).st_size
        words = os.pread(self._stray.fileno(), STRAY_KEPT, max(0, size - STRAY_KEPT))
        return words.decode(errors="replace").strip()

    def send(self, verb: str, job_id: int, fds: tuple[int, ...] = ()) -> None:
        """Give an order; one message is one packet, so that threads do not mix theirs."""
        message = json.dumps({"verb": verb, "job": job_id}).encode()
        try:
            socket.send_fds(self.control, [message], fds)
        except OSError as exc:
            raise ChildError(f"the certification program is gone: {self.last_words()}") from exc

    def stop(self) -> None:
        self.control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            # It still imports and has not looked at its socket.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._stray.close()
        shutil.rmtree(self._home, ignore_errors=True)


class _Running:
    """One job in its child: three pipes to read, and a way to kill it."""

    def __init__(self, server: _Server, job_id: int, job: Job) -> None:
        self._server, self._id, self._job = server, job_id, job
        self._deadline = time.monotonic() + job.limits.seconds
        self._about, self._status, self._stray = "", b"", b""
        self._has_ended = False
        with tempfile.TemporaryFile() as text:
            text.write(job.dumps())
            text.flush()
            pipes = [os.pipe() for _ in range(3)]
            self._ends = [pipe[0] for pipe in pipes]
            try:
                server.send("run", job_id, (text.fileno(), *(pipe[1] for pipe in pipes)))
            except ChildError:
                self._close()
                raise
            finally:
                for _reading, writing in pipes:
                    os.close(writing)

    def events(self, is_aborted: Wish) -> Iterator[Event]:
        """Yield events until the child is dead and everything it wrote is read."""
        for line in self._lines(is_aborted):
            event = decode(line)
            if isinstance(event, Log):
                self._about = event.about
                if event.level == "ERROR" and tells_our_error(event.text):
                    raise ChildError(f"the child met a fault of this machine: {event.text}")
            elif isinstance(event, FileVerdict):
                self._about = ""
            self._has_ended = isinstance(event, End)
            yield event
        if not self._has_ended:
            raise self._death()

    def _lines(self, is_aborted: Wish) -> Iterator[bytes]:
        poll = select.poll()
        for end in self._ends:
            poll.register(end, select.POLLIN)
        waiting, rest = set(self._ends), b""
        while waiting:
            self._require_time(is_aborted)
            for end, _what in poll.poll(LOOK * 1000):
                data = os.read(end, 1 << 16)
                if not data:
                    poll.unregister(end)
                    waiting.discard(end)
                elif end == self._ends[0]:
                    *lines, rest = (rest + data).split(b"\n")
                    if len(rest) > LONGEST_LINE:
                        raise ChildError(f"the child wrote a line of more than {LONGEST_LINE} bytes")
                    yield from lines
                else:
                    self._note(end, data)

    def _note(self, end: int, data: bytes) -> None:
        if end == self._ends[2]:
            self._status += data
        else:
            self._stray = (self._stray + data)[-STRAY_KEPT:]

    def _require_time(self, is_aborted: Wish) -> None:
        at = f" while it looked at {self._about}" if self._about else ""
        if is_aborted():
            raise ChildAbortedError(f"Certification was stopped{at}.")
        if time.monotonic() > self._deadline:
            raise TimedOutError(f"Certification took longer than {self._job.limits.seconds:g} s{at}.")

    def _death(self) -> Exception:
        """Return the error for a child that did not come to its end."""
        stray = self._stray.decode(errors="replace").strip()
        status = self._status.decode()
        if not status:
            return ChildError(f"the certification program is gone: {self._server.last_words()}")
        if not self._about or not is_fault_of_file(int(status)):
            at = f" at {self._about}" if self._about else ""
            return ChildError(f"the child ended with status {status}{at}: {stray}")
        logger.error("certifying %s ended the child with status %s: %s", self._about, status, stray)
        return BrokenCheckError(
            f"Looking at {self._about} ended the check abruptly: the file is damaged, or asks for more "
            "memory or time than a check may take.",
            file=self._about,
            detail=f"status {status}",
        )

    def stop(self) -> None:
        """Kill the child, unless it is dead, and wait until it is."""
        with contextlib.suppress(ChildError):
            self._server.send("kill", self._id)
            while not self._status and os.read(self._ends[2], 64):
                pass
        self._close()

    def _close(self) -> None:
        for end in self._ends:
            os.close(end)
