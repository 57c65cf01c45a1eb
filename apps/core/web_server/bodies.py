"""Bodies of requests: short ones are complete before a thread sees them, long ones still arrive."""

import asyncio
import io
import queue
from collections.abc import Awaitable, Callable
from typing import Any

from apps.core.web_server import budgets
from apps.core.web_server.messages import BrokenBodyError, GoneError

Receive = Callable[[], Awaitable[Any]]


async def read_beginning(receive: Receive) -> tuple[bytes, bool]:
    """Return the body, or its beginning if it is longer than `budgets.KEPT_BYTES`, and whether more follows.

    Raises
    ------
    GoneError
        Raised if the caller goes away or is too slow.
    """
    content, is_more = await _next(receive)
    if not is_more:
        return content, False
    parts, length = [content], len(content)
    while is_more and length <= budgets.KEPT_BYTES:
        content, is_more = await _next(receive)
        parts.append(content)
        length += len(content)
    return b"".join(parts), is_more


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise GoneError
    return message.get("body", b""), message.get("more_body", False)


class ArrivingBody(io.RawIOBase):
    """A body that a thread reads while the loop receives it.

    The loop stops reading from the connection while the thread has `budgets.KEPT_BYTES` to read.
    """

    def __init__(self, beginning: bytes, receive: Receive, is_broken: Callable[[], bool]) -> None:
        super().__init__()
        self._receive, self._is_broken = receive, is_broken
        self._loop = asyncio.get_running_loop()
        self._parts: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        if beginning:
            self._parts.put(beginning)
        self._room = asyncio.Event()
        self._unread = len(beginning)  # in the loop alone
        self._part: memoryview | None = memoryview(b"")  # None after the end

    async def take_in(self) -> None:
        """Receive the rest of the body."""
        is_more = True
        while is_more:
            await self._wait_for_room()
            try:
                content, is_more = await _next(self._receive)
            except GoneError as exc:
                self._parts.put(exc)
                return
            self._unread += len(content)
            if content:
                self._parts.put(content)
        self.end()

    def end(self) -> None:
        """Note that all bytes have arrived."""
        self._parts.put(BrokenBodyError() if self._is_broken() else b"")

    async def _wait_for_room(self) -> None:
        while self._unread > budgets.KEPT_BYTES:
            self._room.clear()
            await self._room.wait()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with the bytes that are there; wait for the first of them."""
        if self._part is not None and not self._part:
            self._part = self._take_part()
        if self._part is None:
            return 0
        count = min(len(buffer), len(self._part))
        buffer[:count] = self._part[:count]
        self._part = self._part[count:]
        return count

    def _take_part(self) -> memoryview | None:
        part = self._parts.get()
        if isinstance(part, Exception):
            self._part = None
            raise part
        if not part:
            return None
        self._loop.call_soon_threadsafe(self._note_taken, len(part))
        return memoryview(part)

    def _note_taken(self, count: int) -> None:
        self._unread -= count
        self._room.set()
