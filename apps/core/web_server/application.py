"""The way of a request: connection, body, lane of threads, answer (ASGI 3)."""

import asyncio
import io
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from apps.core import metrics
from apps.core.web_server import budgets, wsgi_calls
from apps.core.web_server.bodies import ArrivingBody, Receive, read_beginning
from apps.core.web_server.connections import Connection, current, open_connections
from apps.core.web_server.downloads import FileSender
from apps.core.web_server.lanes import ThreadLane
from apps.core.web_server.messages import (
    GoneError,
    OverloadError,
    RequestHeaders,
    Scope,
    WebAnswer,
    WebRequest,
)
from apps.core.web_server.quick_answers import NeedsThreadError, in_loop

Send = Callable[[Any], Coroutine[Any, Any, None]]

BUSY_TEXT = b"This server has more work than it can do now. Try again in a few seconds.\n"
EVENTS = "text/event-stream"
QUICK_BYTES = 16 << 10  # of a call that may be answered in the loop
BUSY_MEMORY = 5.0  # seconds for which the server counts as busy after it refused a request


class WebApplication:
    """An ASGI application around a WSGI application.

    Parameters
    ----------
    wsgi
        The application for all addresses.
    direct
        Function that answers some requests without `wsgi`; it runs in a thread.
    is_direct
        Tells by the head whether `direct` answers a request.
    is_quick
        Tells by a short body whether `direct` answers so fast that it needs no thread.
    is_health
        Tells by the path whether a request asks for the health of the server; it is never refused.
    most_connections
        Connections and downloads of this process at once; further ones get 503.
    """

    def __init__(
        self,
        wsgi: wsgi_calls.WsgiApplication,
        *,
        direct: Callable[[WebRequest], WebAnswer],
        is_direct: Callable[[Scope], bool],
        is_quick: Callable[[bytes], bool],
        is_health: Callable[[Scope], bool],
        most_connections: int,
    ) -> None:
        self.wsgi, self.direct = wsgi, direct
        self.is_direct, self.is_quick, self.is_health = is_direct, is_quick, is_health
        self.most_connections = most_connections
        self.sender = FileSender()
        self.calls = ThreadLane("calls", threads=8, waiting=512)
        self.pages = ThreadLane("pages", threads=12, waiting=128)
        self.health = ThreadLane("health", threads=2, waiting=64)
        self.bodies = ThreadLane("bodies", threads=8, waiting=16)
        self.streams = ThreadLane("streams", threads=16, waiting=1)
        self.refused_at = -BUSY_MEMORY

    @property
    def is_busy(self) -> bool:
        """True if requests were refused in the last seconds."""
        return time.monotonic() - self.refused_at < BUSY_MEMORY

    @property
    def connections(self) -> int:
        """The number of open connections, downloads included."""
        return len(open_connections) + self.sender.count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        connection = current.get()
        try:
            answer = await self._answer(connection, scope, receive)
            if answer.file is None:
                await self._send(connection, scope, answer, send)
            else:
                self._hand_over(connection, answer)
                await _until_disconnected(receive)
        except OverloadError:
            self.refused_at = time.monotonic()
            metrics.request_refused()
            await self._send(connection, scope, _busy(), send)
        except GoneError:
            connection.transport.close()
        finally:
            connection.requests -= 1

    async def _answer(self, connection: Connection, scope: Scope, receive: Receive) -> WebAnswer:
        is_direct = self.is_direct(scope)
        lane = self.health if self.is_health(scope) else self.calls if is_direct else self.pages
        is_full = self.connections > self.most_connections
        if lane.is_busy or (is_full and lane is not self.health):
            raise OverloadError
        beginning, is_more = await read_beginning(receive)
        headers = RequestHeaders.of(scope)
        if not is_more and not connection.is_broken:
            request = WebRequest(scope, scope["path"], headers, io.BytesIO(beginning))
            if is_direct and (quick := self._answer_quickly(request, beginning)):
                return quick
            return await _made(lane, partial(self._work, request, is_direct, True, len(beginning)))
        body = ArrivingBody(beginning, receive, lambda: connection.is_broken)
        request = WebRequest(scope, scope["path"], headers, io.BufferedReader(body, budgets.KEPT_BYTES))
        work = partial(self._work, request, is_direct, False, 0)
        if not is_more:
            body.end()
            return await _made(lane, work)
        arriving = asyncio.ensure_future(body.take_in())
        try:
            return await _made(self.bodies, work)
        finally:
            arriving.cancel()

    def _answer_quickly(self, request: WebRequest, body: bytes) -> WebAnswer | None:
        """Return the answer of a quick call; None if the call needs a thread."""
        if len(body) > QUICK_BYTES or not self.is_quick(body):
            return None
        try:
            with in_loop():
                return self.direct(request)
        except NeedsThreadError:
            request.body.seek(0)
            return None

    def _work(self, request: WebRequest, is_direct: bool, is_complete: bool, length: int) -> WebAnswer:
        if is_direct:
            return self.direct(request)
        return wsgi_calls.call(self.wsgi, request, is_complete=is_complete, length=length)

    async def _send(self, connection: Connection, scope: Scope, answer: WebAnswer, send: Send) -> None:
        if answer.parts is None:
            await connection.send_whole(scope["state"]["exchange"], answer)
            return
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        if connection.is_last_answer:
            headers.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await self._send_parts(connection, start, answer, send)

    async def _send_parts(self, connection: Connection, start: Any, answer: WebAnswer, send: Send) -> None:
        """Send an answer that is made while it is sent, by a thread of its own.

        The thread also sends the head, because an answer that gets no thread is refused by a head of its own.
        """
        loop = asyncio.get_running_loop()
        is_events = any(EVENTS in value for _, value in answer.headers)

        def send_one(message: Any) -> None:
            if connection.transport.is_closing() or (is_events and connection.is_ending):
                raise GoneError
            asyncio.run_coroutine_threadsafe(send(message), loop).result()

        work = partial(wsgi_calls.send_parts, answer, start, send_one)
        await self.streams.run(work, give_up=lambda _nothing: answer.close())
        await send({"type": "http.response.body", "body": b""})

    def _hand_over(self, connection: Connection, answer: WebAnswer) -> None:
        """Give the connection and the file to the thread that sends files."""
        try:
            if connection.transport.is_closing():
                raise GoneError
            if self.sender.count >= budgets.DOWNLOADS:
                raise OverloadError
            head, taken = answer.head(is_last=True), connection.detach()
        except BaseException:
            answer.close()
            raise
        if answer.file is not None:
            self.sender.add(taken, head, answer.file)


async def _made(lane: ThreadLane, work: Callable[[], WebAnswer]) -> WebAnswer:
    """Return the answer that a lane makes; close it if the request has been given up meanwhile."""
    return await lane.run(work, give_up=_close)


def _close(answer: WebAnswer | None) -> None:
    if answer is not None:
        answer.close()


async def _until_disconnected(receive: Receive) -> None:
    """Wait until the connection that was given away has ended here, so that nobody answers on it."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _busy() -> WebAnswer:
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(BUSY_TEXT))),
        ("Retry-After", str(budgets.RETRY_SECONDS)),
        ("Cache-Control", "no-store"),
    ]
    return WebAnswer(503, headers, BUSY_TEXT, is_last=True)
