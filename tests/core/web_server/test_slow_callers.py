"""Callers that are slow or stop delay nobody else, and are ended."""

import pytest

from tests.bench.web_server import WebServer
from tests.core.web_server.callers import CONTENT, FILE, crowd, is_ended, others_are_served, rest_of

HOST = b"Host: localhost\r\n"
POST = b"POST %b HTTP/1.1\r\n" + HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
LONG = b"Content-Length: 5000000\r\n\r\n"
SLOW = {
    "nothing": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: loc",
    "half a call": POST % b"/json/" + b'Content-Length: 500\r\n\r\n{"jsonrpc"',
    "half a form": POST % b"/login/" + b"Content-Length: 500\r\n\r\nusername=a",
    "half a chunk": POST % b"/json/" + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
    "half a large call": POST % b"/json/" + LONG + b" " * 400_000,
    "half a large form": POST % b"/upload/chunked/" + LONG + b" " * 400_000,
}
STALLED = b"GET %b HTTP/1.1\r\n" % FILE.encode() + HOST + b"\r\n"


@pytest.mark.parametrize("beginning", SLOW.values(), ids=SLOW)
def test_two_hundred_callers_that_stop_sending_delay_nobody(server: WebServer, beginning: bytes) -> None:
    count = 60 if len(beginning) > 100_000 else 200
    with crowd(server, beginning, count):
        assert others_are_served(server)


def test_two_hundred_readers_that_stall_delay_nobody(server: WebServer) -> None:
    with crowd(server, STALLED):
        assert others_are_served(server)


def test_a_head_that_does_not_end_is_answered_and_closed(server: WebServer) -> None:
    with crowd(server, SLOW["half a head"], 1) as (caller,):
        assert rest_of(caller).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("name", ["nothing", "half a call", "half a form", "half a large call"])
def test_a_connection_without_progress_is_closed(server: WebServer, name: str) -> None:
    with crowd(server, SLOW[name], 1) as (caller,):
        assert not rest_of(caller).startswith(b"HTTP/1.1 200 ")


def test_a_reader_that_stalls_is_given_up(server: WebServer) -> None:
    with crowd(server, STALLED, 1) as (caller,):
        assert is_ended(caller)


def test_a_reader_that_begins_late_gets_the_whole_file(server: WebServer) -> None:
    with crowd(server, STALLED, 1) as (caller,):
        assert others_are_served(server)
        _head, _, body = rest_of(caller).partition(b"\r\n\r\n")
        assert body == CONTENT


def test_a_head_without_end_is_refused_by_its_size(server: WebServer) -> None:
    with crowd(server, b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, 1) as (caller,):
        assert rest_of(caller).startswith(b"HTTP/1.1 431 ")
