"""Large files on their way to callers: one thread sends them all with the kernel's sendfile.

A reader that stalls costs its connection and the open file, and no thread. It is given up when it takes less
than `budgets.SLOWEST_RATE` for `budgets.STALL_SECONDS`.
"""

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from apps.core.web_server import budgets
from apps.core.web_server.messages import FileSlice

logger = logging.getLogger(__name__)

BLOCK = 1 << 20  # bytes of one file before it is the turn of the next
PARTING_SECONDS = 5.0  # that a caller may take to close its side after the last byte


@dataclass(eq=False)
class _Transfer:
    connection: socket.socket
    head: memoryview
    file: FileSlice
    mark: float = field(default_factory=time.monotonic)  # The rate is measured since then.
    sent: int = 0  # since `mark`
    is_sent: bool = False

    def step(self) -> None:
        """Send what the connection takes, at most one block.

        Raises
        ------
        OSError
            Raised if the caller went away, or the file became shorter.
        """
        if self.head:
            count = self.connection.send(self.head, socket.MSG_MORE if self.file.count else 0)
            self.head = self.head[count:]
        elif self.file.count:
            wanted = min(BLOCK, self.file.count)
            count = os.sendfile(self.connection.fileno(), self.file.descriptor, self.file.offset, wanted)
            if not count:
                raise OSError("the file has fewer bytes than were announced")
            self.file.offset += count
            self.file.count -= count
        else:
            count = 0
        self.sent += count
        if not self.head and not self.file.count:
            self.connection.shutdown(socket.SHUT_WR)
            self.is_sent, self.mark = True, time.monotonic()

    def is_over(self) -> bool:
        """Read and forget what the caller still says; return whether it has closed its side."""
        return not self.connection.recv(BLOCK)

    def is_too_slow(self, now: float) -> bool:
        """Return whether the caller takes too little; begin a new measurement after each interval."""
        if self.is_sent:
            return now - self.mark > PARTING_SECONDS
        if now - self.mark < budgets.STALL_SECONDS:
            return False
        wanted = budgets.STALL_SECONDS * budgets.SLOWEST_RATE
        is_slow, self.mark, self.sent = self.sent < wanted, now, 0
        return is_slow

    def close(self) -> None:
        """Close the connection and the file."""
        with contextlib.suppress(OSError):
            self.connection.close()
        self.file.close()


class FileSender:
    """The thread that sends files. `add` and `count` may be used by every thread."""

    def __init__(self) -> None:
        self._new: deque[_Transfer] = deque()
        self._transfers: set[_Transfer] = set()
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @property
    def count(self) -> int:
        """The number of files on their way."""
        return len(self._new) + len(self._transfers)

    def add(self, connection: socket.socket, head: bytes, file: FileSlice) -> None:
        """Send a head and a part of a file, then close both."""
        self._new.append(_Transfer(connection, memoryview(head), file))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="downloads", daemon=True)
            self._thread.start()
        self._waker.send(b"x")

    def wait(self, seconds: float) -> None:
        """Wait until no file is on its way, at most for some seconds."""
        until = time.monotonic() + seconds
        while self.count and time.monotonic() < until:
            time.sleep(0.05)

    def close(self) -> None:
        """End the thread, and with it what is still on its way."""
        self._is_closed = True
        self._waker.send(b"x")
        if self._thread is not None:
            self._thread.join()
        for transfer in [*self._new, *self._transfers]:
            transfer.close()
        for each in (self._selector, self._waker, self._woken):
            each.close()

    def _run(self) -> None:
        looked_at = time.monotonic()
        while not self._is_closed:
            for key, _ in self._selector.select(1.0):
                if key.data is None:
                    self._take_new()
                else:
                    self._advance(key.data)
            now = time.monotonic()
            if now - looked_at > 1.0:
                looked_at = now
                for transfer in [each for each in self._transfers if each.is_too_slow(now)]:
                    self._end(transfer)

    def _take_new(self) -> None:
        self._woken.recv(4096)
        while self._new:
            transfer = self._new.popleft()
            self._transfers.add(transfer)
            self._selector.register(transfer.connection, selectors.EVENT_WRITE, transfer)

    def _advance(self, transfer: _Transfer) -> None:
        try:
            if transfer.is_sent:
                is_over = transfer.is_over()
            else:
                transfer.step()
                is_over = False
                if transfer.is_sent:
                    self._selector.modify(transfer.connection, selectors.EVENT_READ, transfer)
        except BlockingIOError:
            return
        except OSError as exc:
            logger.debug("a download ended early: %s", exc)
            is_over = True
        if is_over:
            self._end(transfer)

    def _end(self, transfer: _Transfer) -> None:
        self._selector.unregister(transfer.connection)
        self._transfers.discard(transfer)
        transfer.close()
