"""Answers that are made while they are sent. Each has a thread before its head leaves; none stays open."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from apps.core.web_server import lanes
from apps.core.web_server.connections import current
from tests.core.web_server.callers import rest_of
from tests.core.web_server.small_server import (
    PATIENCE,
    HeldParts,
    answering,
    asking,
    make_application,
    serving,
)

STREAMS = 16  # threads of the lane


class Streaming:
    """A server whose answers stay open until the gate opens."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.made: list[HeldParts] = []
        self.application = make_application(answering(self._make))

    def _make(self, _environ: Any) -> HeldParts:
        self.made.append(HeldParts(self.gate))
        return self.made[-1]

    @contextlib.contextmanager
    def full(self) -> Iterator[int]:
        """Serve with all threads taken; yield the port."""
        with serving(self.application) as port, contextlib.ExitStack() as stack:
            try:
                for _ in range(STREAMS):
                    caller = stack.enter_context(asking(port, b"GET /"))
                    assert caller.recv(100).startswith(b"HTTP/1.1 200 ")
                yield port
            finally:
                self.gate.set()


def test_an_answer_that_gets_no_thread_is_refused_by_one_head_and_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 0.1)
    streaming = Streaming()
    with streaming.full() as port, asking(port, b"GET /") as caller:
        answer = rest_of(caller)
        assert (answer[:13], answer.count(b"HTTP/1.1")) == (b"HTTP/1.1 503 ", 1)
        assert b"retry-after: " in answer.lower()
        assert streaming.made[STREAMS].closed.wait(PATIENCE)
        assert not any(parts.closed.is_set() for parts in streaming.made[:STREAMS])


def test_an_answer_that_is_refused_at_once_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 60.0)
    streaming = Streaming()
    with streaming.full() as port, asking(port, b"GET /"):
        while len(streaming.made) <= STREAMS or streaming.application.streams.inside <= STREAMS:
            threading.Event().wait(0.01)
        with asking(port, b"GET /") as caller:
            assert rest_of(caller).startswith(b"HTTP/1.1 503 ")
        assert streaming.made[-1].closed.wait(PATIENCE)


def test_an_answer_waits_a_little_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 60.0)
    streaming = Streaming()
    with streaming.full() as port, asking(port, b"GET /") as caller:
        streaming.gate.set()
        received = b""
        while not received.endswith(b"0\r\n\r\n"):
            received += caller.recv(1000)
        assert received.startswith(b"HTTP/1.1 200 ")
        assert b"second" in received
    assert all(parts.closed.wait(PATIENCE) for parts in streaming.made)


class FakeConnection:
    """A connection with the attributes that the application reads."""

    is_broken = is_last_answer = is_ending = False
    requests = 1


def test_an_answer_that_comes_after_its_request_was_given_up_is_closed() -> None:
    gate, begun, parts = threading.Event(), threading.Event(), HeldParts(threading.Event())

    def make(_environ: Any) -> HeldParts:
        begun.set()
        gate.wait(PATIENCE)
        return parts

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Any) -> None:
        raise AssertionError("nobody waits for an answer")

    async def scenario() -> bool:
        current.set(FakeConnection())  # type: ignore[arg-type]
        application = make_application(answering(make))
        request = asyncio.ensure_future(application(scope(), receive, send))
        await asyncio.to_thread(begun.wait, PATIENCE)
        request.cancel()
        await asyncio.wait([request])
        gate.set()
        application.sender.close()
        return await asyncio.to_thread(parts.closed.wait, PATIENCE)

    assert asyncio.run(scenario())


def scope() -> dict[str, Any]:
    return {
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "http_version": "1.1",
        "headers": [],
        "server": None,
        "client": None,
    }
