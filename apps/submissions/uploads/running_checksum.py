"""The sha1sum of a file that is still growing, computed by other threads from the bytes already written.

Otherwise the sum of a big file would take seconds after its last byte has arrived.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import Future, ThreadPoolExecutor

BLOCK = 1 << 19  # bytes; small enough to stay in the processor's cache between the copy and the sum
MOST = 64  # unfinished files whose sum one process remembers

_beside = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sha1sum")


class GrowingSum:
    """The sha1sum of a file that only grows; one request at a time may use it."""

    def __init__(self) -> None:
        self._sum = hashlib.sha1(usedforsecurity=False)
        self._done = 0  # Bytes that are in the sum.
        self._goal = 0
        self._work: Future[None] | None = None

    def grow(self, descriptor: int, size: int) -> None:
        """Start to add the bytes up to `size`, which no longer change."""
        self._goal = max(size, self._goal)  # A piece may arrive twice.
        if self._work is None or self._work.done():
            # Open the file again: the caller closes this descriptor, and a copy of it would keep the lock.
            self._work = _beside.submit(
                self._run_and_close, os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
            )

    def finish(self, descriptor: int, size: int) -> str:
        """Return the sum of the first `size` bytes, as 40 lower-case hex digits."""
        if self._work is not None:
            self._work.result()
        self._goal = size
        self._run(descriptor)
        return self._sum.hexdigest()

    def _run_and_close(self, descriptor: int) -> None:
        try:
            self._run(descriptor)
        finally:
            os.close(descriptor)

    def _run(self, descriptor: int) -> None:
        block = memoryview(bytearray(BLOCK))
        while (left := self._goal - self._done) > 0:
            count = os.preadv(descriptor, [block[:left]], self._done)
            if not count:
                raise EOFError(f"A file of {self._goal} bytes ended after {self._done}.")
            self._sum.update(block[:count])
            self._done += count


_remembered: OrderedDict[Hashable, GrowingSum] = OrderedDict()
_lock = threading.Lock()


def remembered_sum(key: Hashable) -> GrowingSum:
    """Return the sum that this process has of an unfinished file, or a new one.

    The next piece may arrive at another process. That process then reads the earlier bytes again.
    """
    with _lock:
        found = _remembered.setdefault(key, GrowingSum())
        _remembered.move_to_end(key)
        if len(_remembered) > MOST:
            _remembered.popitem(last=False)
        return found


def forget_sum(key: Hashable) -> None:
    """Forget a sum that is no longer needed."""
    with _lock:
        _remembered.pop(key, None)
