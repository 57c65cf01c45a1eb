"""The program that certifies: ``python -m apps.certify.child FD``, started by `runner`, which sends it jobs.

It imports the library once and then waits at the socket `FD`. For each job it forks a child that does the job
and ends: certification counts in globals, replaces hooks of the interpreter and never empties its caches, so
a process must not do two jobs. A fork takes hundredths of a second, an import a second or two.

The socket closes when the process that started it has ended in any way. Then it kills its children and ends.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from typing import NoReturn

from apps.certify.messages import encode, load_job
from apps.certify.sandbox import known_observatory
from apps.certify.sandbox.ends import TOO_MUCH
from apps.certify.sandbox.restrictions import end_with_parent

FDS = 4  # Each job comes with its text, and with where events, stray output and its end go.


def main() -> None:
    """Serve jobs until the socket closes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    _import_library(os.environ["CRDS_OBSERVATORY"])
    _Server(control).serve()
    shutil.rmtree(os.environ["HOME"], ignore_errors=True)


def _import_library(observatory: str) -> None:
    """Import all that a job needs, and hide it from the garbage collector.

    The library collects garbage around each file. Otherwise that would look at a million objects each time,
    and copy the memory that the children share.
    """
    known_observatory.teach_library()
    from apps.certify import child_job, child_library  # noqa: F401 (the import of the first is what matters)

    child_library.prepare(observatory)
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class _Running:
    job_id: int
    end: int


class _Server:
    """Forks a child for each job, kills it if asked, and tells how it ended."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        # The flag that asks for one call not to wait is not passed on by `recv_fds`.
        self.control.setblocking(False)
        self.running: dict[int, _Running] = {}
        # A child that ends wakes the poll.
        self.awake, self._waker = socket.socketpair()
        self.awake.setblocking(False)
        self._waker.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.awake, select.POLLIN)
        while True:
            poll.poll(1000)
            with contextlib.suppress(BlockingIOError):
                self.awake.recv(4096)
            self._reap()
            if not self._obey():
                break
        for pid in self.running:
            _kill(pid)

    def _obey(self) -> bool:
        """Obey the next message; return False if there will be none any longer."""
        try:
            message, fds, _flags, _address = socket.recv_fds(self.control, 4096, FDS)
        except BlockingIOError:
            return True
        if not message:
            return False
        order = json.loads(message)
        if order["verb"] == "run":
            self._start(order["job"], fds)
        for pid, running in self.running.items():
            if order["verb"] == "kill" and running.job_id == order["job"]:
                _kill(pid)
        return True

    def _start(self, job_id: int, fds: list[int]) -> None:
        text, events, stray, end = fds
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            # Only the server holds the end of a child, so that its own death closes it.
            os.close(end)
            self._be_child(server, text, events, stray)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        for descriptor in (text, events, stray):
            os.close(descriptor)
        self.running[pid] = _Running(job_id, end)
        _tell(end, f"{pid} ")

    def _be_child(self, server: int, text: int, events: int, stray: int) -> NoReturn:
        """Become a child: leave everything of the server behind, do the job and end."""
        status = 1
        try:
            end_with_parent(server)
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for closing in (self.control, self.awake, self._waker):
                closing.close()
            for other in self.running.values():
                os.close(other.end)
            # What the library prints must not get between the events.
            os.dup2(stray, 1)
            os.dup2(stray, 2)
            _do_job(text, events)
            status = 0
        except MemoryError:
            sys.excepthook(*sys.exc_info())
            status = TOO_MUCH
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        """Kill what ended children started, and tell their ends.

        Its exit status is collected last, because until then its number belongs to nobody else.
        """
        while self.running:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            _kill(ended.si_pid)
            _pid, status = os.waitpid(ended.si_pid, 0)
            running = self.running.pop(ended.si_pid, None)
            if running is not None:
                _tell(running.end, f"{os.waitstatus_to_exitcode(status)}")
                os.close(running.end)


def _tell(end: int, text: str) -> None:
    """Write the number or the status of a child to whoever waits for its end."""
    with contextlib.suppress(BrokenPipeError):
        os.write(end, text.encode())


def _kill(pid: int) -> None:
    """Kill a child with all it started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _do_job(text: int, events: int) -> None:
    from apps.certify import child_job

    with open(text, "rb") as stream:
        stream.seek(0)
        job = load_job(stream.read())
    with open(events, "wb", buffering=0) as out:
        child_job.do(job, lambda event: _write(out.fileno(), encode(event)))


def _write(descriptor: int, line: bytes) -> None:
    """Write a whole line: one call may take only part of it."""
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


if __name__ == "__main__":
    main()
