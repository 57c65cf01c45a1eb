"""The short way to a body, on gunicorn's own objects: if they change, the test says so."""

import io
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import UnreadablePostError
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from apps.submissions.uploads.direct_body import BLOCK, body_reader

NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    server, client = socket.socketpair()
    with server, client:
        yield server, client


def all_of(read: Any) -> bytes:
    found = b""
    while block := read(1 << 20):
        found += block
    return found


@pytest.mark.parametrize("size", [0, 1, 5000, 100_000])
def test_the_body_is_whole_and_the_next_request_is_found(
    connection: tuple[socket.socket, socket.socket], size: int
) -> None:
    server, client = connection
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    head = f"POST /upload/ HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
    client.sendall(head + body + NEXT)
    requests = RequestParser(Config(), server, ("127.0.0.1", 1))
    first = next(requests)
    read = body_reader(None, {"wsgi.input": first.body})
    assert all_of(read) == body
    assert read(BLOCK) == b""
    assert next(requests).path == "/next"


def test_a_connection_that_breaks_looks_like_the_end(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    server, client = connection
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nabc")
    body = next(RequestParser(Config(), server, ("127.0.0.1", 1))).body
    client.close()
    assert all_of(body_reader(None, {"wsgi.input": body})) == b"abc"


def test_an_error_of_the_connection_is_one_django_knows(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    server, client = connection
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n")
    body = next(RequestParser(Config(), server, ("127.0.0.1", 1))).body
    server.settimeout(0.01)
    with pytest.raises(UnreadablePostError):
        all_of(body_reader(None, {"wsgi.input": body}))
    assert body.failed, "gunicorn must not look for another request behind it"


def test_any_other_web_server_is_read_as_it_is() -> None:
    source = io.BytesIO(b"abc")
    assert body_reader(source, {"wsgi.input": source})(9) == b"abc"
    assert body_reader(source, {})(9) == b""
