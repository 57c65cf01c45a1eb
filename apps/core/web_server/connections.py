"""Connections with a time budget: slow heads and readers that stall cost no thread, and end.

uvicorn reads the requests. This subclass only watches what arrives and leaves, through the callbacks that
asyncio and httptools define.
"""

import asyncio
import re
import socket
from contextvars import ContextVar
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from apps.core.web_server import budgets
from apps.core.web_server.messages import WebAnswer

SWEEP_SECONDS = 1

current: ContextVar["Connection"] = ContextVar("connection")  # The connection of the running request.
open_connections: set["Connection"] = set()

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


_OFFER = re.compile(rb"(?i)(\r\nconnection:[^\r\n]*?)\bupgrade\b")


def without_upgrade(data: bytes) -> bytes:
    r"""Return the begin of a request without its offer to change the protocol, which a server may ignore.

    Java's client offers HTTP/2 with its first request, and httptools skips the body of such a request.

    Examples
    --------
    >>> without_upgrade(b"POST / HTTP/1.1\r\nConnection: Upgrade, X\r\nUpgrade: h2c\r\n\r\nupgrade")
    b'POST / HTTP/1.1\r\nConnection: ignored, X\r\nUpgrade: h2c\r\n\r\nupgrade'
    """
    head, end, body = data.partition(b"\r\n\r\n")
    return _OFFER.sub(rb"\1ignored", head) + end + body


class Connection(HttpToolsProtocol):
    """One connection to a caller."""

    head_since: float | None = None  # Since then we wait for a complete head.
    head_bytes = 0
    body_since: float | None = None  # The rate of the body is measured since then; None: it is complete.
    body_bytes = 0  # since then
    stalled_since: float | None = None  # Since then the caller does not take what we send.
    requests = 0  # that are complete up to their body and not answered yet
    is_broken = False  # The last body ended early, or its chunks are malformed.
    is_half_closed = False  # The caller sends nothing more, and may still read.
    is_ending = False  # The server ends.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        open_connections.add(self)
        self.head_since = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        open_connections.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        current.set(self)
        if self.head_since is not None and b"pgrade" in data:
            data = without_upgrade(data)
        super().data_received(data)
        if self.head_since is not None:
            self.head_bytes += len(data)
            if self.head_bytes > budgets.HEAD_BYTES:
                self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.head_since is None:
            self.head_since = self.loop.time()

    def on_headers_complete(self) -> None:
        self.head_since, self.head_bytes = None, 0
        self.body_since, self.body_bytes = self.loop.time(), 0
        self.requests += 1
        super().on_headers_complete()
        self.scope["state"]["exchange"] = self.cycle

    def on_body(self, body: bytes) -> None:
        self.body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.body_since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read; if that is a body, the answer is left to those who wait for it."""
        if self.body_since is not None:
            self._break_body()
        elif not self.is_broken:
            super().send_400_response(msg)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Go on answering a caller who has closed the sending side only."""
        self.is_half_closed = True
        if self.body_since is not None:
            self._break_body()
        return self.requests > 0

    def _break_body(self) -> None:
        self.is_broken = True
        self.on_message_complete()

    @property
    def is_last_answer(self) -> bool:
        """True if the connection must be closed after the present answer."""
        return self.is_broken or self.is_half_closed

    def shutdown(self) -> None:
        self.is_ending = True
        super().shutdown()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.stalled_since = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.stalled_since = None

    def end_if_too_slow(self, now: float) -> None:
        """Close the connection if its head, its body or its reader has used up the time."""
        if self.head_since is not None and now - self.head_since > budgets.HEAD_SECONDS:
            self._refuse(_TOO_SLOW if self.head_bytes else b"")
        elif self._body_is_too_slow(now) or self._reader_is_too_slow(now):
            self.transport.abort()

    def _reader_is_too_slow(self, now: float) -> bool:
        return self.stalled_since is not None and now - self.stalled_since > budgets.STALL_SECONDS

    def _body_is_too_slow(self, now: float) -> bool:
        if self.body_since is None:
            return False
        if not self.transport.is_reading():
            self.body_since += SWEEP_SECONDS  # We make the caller wait.
            return False
        if now - self.body_since < budgets.BODY_SECONDS:
            return False
        is_slow = self.body_bytes < budgets.BODY_SECONDS * budgets.SLOWEST_RATE
        self.body_since, self.body_bytes = now, 0
        return is_slow

    async def send_whole(self, exchange: RequestResponseCycle, answer: WebAnswer) -> None:
        """Send a whole answer in one write: a second one costs as much as our whole work for a short call.

        Parameters
        ----------
        exchange
            The request that is answered; a connection may hold several.
        """
        if self.flow.write_paused and not exchange.disconnected:
            await self.flow.drain()
        if exchange.disconnected:
            return
        exchange.response_started = exchange.response_complete = True
        exchange.waiting_for_100_continue = False
        exchange.message_event.set()
        is_last = answer.is_last or self.is_last_answer or not exchange.keep_alive
        content = b"" if exchange.scope["method"] == "HEAD" else answer.content
        self.transport.write(answer.head(is_last=is_last) + content)
        if is_last:
            self.transport.close()
        exchange.on_response()

    def detach(self) -> socket.socket:
        """Return the socket for others to use, and end this connection without closing it for the caller."""
        taken: Any = self.transport.get_extra_info("socket")
        own = socket.socket(fileno=socket.dup(taken.fileno()))
        own.setblocking(False)
        self.transport.abort()
        return own

    def _refuse(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


async def end_slow_connections() -> None:
    """End every connection that is too slow; the server calls this every `SWEEP_SECONDS`."""
    now = asyncio.get_running_loop().time()
    for connection in tuple(open_connections):
        connection.end_if_too_slow(now)
