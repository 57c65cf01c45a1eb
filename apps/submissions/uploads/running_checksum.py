"""The sha1sum of a file that is still growing: computed beside, of what lies in the file already.

Otherwise the sum of a big file would take seconds after its last byte has come.
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
    """The sha1sum of a file whose bytes only become more; one request at a time may use it."""

    def __init__(self) -> None:
        self._sum = hashlib.sha1(usedforsecurity=False)
        self._done = 0  # Bytes that are in the sum.
        self._goal = 0
        self._work: Future[None] | None = None

    def grow(self, descriptor: int, size: int) -> None:
        """Begin to take the bytes up to `size`; nothing changes them any more."""
        self._goal = max(size, self._goal)  # A piece may come twice.
        if self._work is None or self._work.done():
            # Opened again, because the caller closes what he has; and a copy of his would keep his lock.
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
    """Return the sum that this process knows of an unfinished file, or one that begins.

    The next piece may come to another process: what this one does not know is read again.
    """
    with _lock:
        found = _remembered.setdefault(key, GrowingSum())
        _remembered.move_to_end(key)
        if len(_remembered) > MOST:
            _remembered.popitem(last=False)
        return found


def forget_sum(key: Hashable) -> None:
    """Let go of a sum that nobody needs any more."""
    with _lock:
        _remembered.pop(key, None)
