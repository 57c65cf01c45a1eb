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
import math
import os
import select
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from apps.certify.errors import (
    BrokenCheckError,
    ChildAbortedError,
    ChildError,
    KilledChildError,
    OutOfMemoryError,
    RefusedJobError,
    TimedOutError,
)
from apps.certify.job_cache import make_cache
from apps.certify.messages import (
    Answer,
    CertifyJob,
    End,
    Event,
    FileVerdict,
    Job,
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
from apps.certify.sandbox import known_observatory
from apps.certify.sandbox.child_process import LOOK, PRINTED_KEPT, ChildProcess, IsAborted, Watch, never
from apps.certify.sandbox.ends import is_fault_of_file, is_killed_from_outside, tells_our_error

__all__ = [
    "Answer",
    "CertifyJob",
    "End",
    "Event",
    "FileVerdict",
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

LONGEST_LINE = 64 << 20  # bytes
# Seconds until a program that does not look at its closed socket is killed, and until what is left in the
# pipes of a dead child is given up.
PATIENCE = 5.0


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

    def run(self, job: Job, *, is_aborted: IsAborted = never) -> Iterator[Event]:
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

    def _events(self, job: Job, is_aborted: IsAborted) -> Iterator[Event]:
        with self._lock:
            server = self._living_server()
            running = _Running(server, next(self._ids), job, is_aborted)
            server.jobs += 1
        try:
            yield from running.events()
        finally:
            running.stop()
            self._leave(server)

    def _leave(self, server: _Server) -> None:
        """End a program that works with an earlier definition once its last job is over."""
        with self._lock:
            server.jobs -= 1
            if server is not self._server and not server.jobs:
                server.stop()

    def _retire(self, server: _Server) -> None:
        """Start no more jobs in a program; those that run there come to their ends."""
        self._server = None
        if not server.jobs:
            server.stop()

    def _living_server(self) -> _Server:
        if self._server is not None and self._server.known != known_observatory.known(self.observatory):
            logger.info("the definition has changed: the certification program is started again")
            self._retire(self._server)
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
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.jobs = 0
        self.known = known_observatory.known(observatory)
        with theirs:
            fd = theirs.fileno()
            self.process = ChildProcess(
                ("-m", "apps.certify.child", str(fd)), observatory=observatory, python=python, pass_fds=(fd,)
            )

    def is_alive(self) -> bool:
        return self.process.is_alive()

    def last_words(self) -> str:
        """Return the end of what the program printed."""
        return self.process.printed()

    def send(self, verb: str, job_id: int, fds: tuple[int, ...] = ()) -> None:
        """Give an order; one message is one packet, so that threads do not mix theirs."""
        message = json.dumps({"verb": verb, "job": job_id}).encode()
        try:
            socket.send_fds(self.control, [message], fds)
        except OSError as exc:
            raise KilledChildError(f"the certification program is gone: {self.last_words()}") from exc

    def stop(self) -> None:
        """Close the socket, which ends the program; kill it if it still imports and does not look there."""
        self.control.close()
        self.process.wait(PATIENCE)
        self.process.end()


class _Running:
    """One job in its child: three pipes to read, and a way to kill it."""

    def __init__(self, server: _Server, job_id: int, job: Job, is_aborted: IsAborted) -> None:
        self._server, self._id, self._job = server, job_id, job
        self._watch = Watch(job.limits, is_aborted)
        self._about, self._end, self._stray = "", b"", b""
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

    def events(self) -> Iterator[Event]:
        """Yield events until the child is dead and everything it wrote is read."""
        for line in self._lines():
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

    def _lines(self) -> Iterator[bytes]:
        poll = select.poll()
        for end in self._ends:
            poll.register(end, select.POLLIN)
        waiting, rest, until = set(self._ends), b"", math.inf
        while waiting and time.monotonic() < until:
            self._require_going_on()
            for end, _what in poll.poll(LOOK * 1000):
                data = os.read(end, 1 << 16)
                if not data:
                    poll.unregister(end)
                    waiting.discard(end)
                    # The child is dead, or the program that watched it. A process that it started may hold
                    # the other two pipes open forever.
                    until = time.monotonic() + PATIENCE if end == self._ends[2] else until
                elif end == self._ends[0]:
                    *lines, rest = (rest + data).split(b"\n")
                    if len(rest) > LONGEST_LINE:
                        raise ChildError(f"the child wrote a line of more than {LONGEST_LINE} bytes")
                    yield from lines
                else:
                    self._note(end, data)

    def _note(self, end: int, data: bytes) -> None:
        if end == self._ends[2]:
            self._end += data
        else:
            self._stray = (self._stray + data)[-PRINTED_KEPT:]

    def _require_going_on(self) -> None:
        at = f" while it looked at {self._about}" if self._about else ""
        try:
            self._watch.require_going_on(self._pid)
        except ChildAbortedError as exc:
            raise ChildAbortedError(f"Certification was stopped{at}.") from exc
        except TimedOutError as exc:
            seconds = self._job.limits.seconds
            raise TimedOutError(f"Certification took longer than {seconds:g} s{at}.") from exc
        except OutOfMemoryError as exc:
            raise self._fault_of_file(exc.detail) from exc

    @property
    def _pid(self) -> int | None:
        """The number of the child, which the program tells before the status."""
        pid, separator, _status = self._end.partition(b" ")
        return int(pid) if separator else None

    @property
    def _status(self) -> bytes:
        return self._end.partition(b" ")[2]

    def _death(self) -> Exception:
        """Return the error for a child that did not come to its end."""
        stray = self._stray.decode(errors="replace").strip()
        if not self._status:
            return KilledChildError(f"the certification program is gone: {self._server.last_words()}")
        at = f" at {self._about}" if self._about else ""
        status = int(self._status)
        if is_killed_from_outside(status):
            return KilledChildError(f"the child was killed with status {status}{at}: {stray}")
        if not self._about or not is_fault_of_file(status):
            return ChildError(f"the child ended with status {status}{at}: {stray}")
        return self._fault_of_file(f"status {status}", stray)

    def _fault_of_file(self, detail: str, stray: str = "") -> Exception:
        """Return the error for a file that ended its child, or for a child that died between files."""
        if not self._about:
            return ChildError(f"the child ended between files with {detail}: {stray}")
        logger.error("certifying %s ended the child with %s: %s", self._about, detail, stray)
        return BrokenCheckError(
            f"Looking at {self._about} ended the check abruptly: the file is damaged, or asks for more "
            "memory or time than a check may take.",
            file=self._about,
            detail=detail,
        )

    def stop(self) -> None:
        """Kill the child, unless it is dead, and wait until it is."""
        with contextlib.suppress(ChildError):
            self._server.send("kill", self._id)
            while not self._status and (data := os.read(self._ends[2], 64)):
                self._end += data
        self._close()

    def _close(self) -> None:
        for end in self._ends:
            os.close(end)
