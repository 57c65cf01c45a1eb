"""Callers that take their time, and others that must not notice them."""

import contextlib
import http.client
import json
import random
import socket
import time
from collections.abc import Iterator

from tests.bench.web_server import WebServer, request
from tests.patience import HANG

NAME = "jwst_miri_flat_0001.fits"
FILE = f"/unchecked_get/references/jwst/{NAME}"
CONTENT = random.Random(1).randbytes(8 << 20)  # More than the buffers of a connection hold.
CROWD = 200
CALL = request("get_server_info")


@contextlib.contextmanager
def crowd(server: WebServer, beginning: bytes, count: int = CROWD) -> Iterator[list[socket.socket]]:
    """Open connections that send the same bytes, and then neither send nor read."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            caller = stack.enter_context(socket.socket())
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            caller.settimeout(HANG)
            caller.connect(("127.0.0.1", server.port))
            caller.sendall(beginning)
            opened.append(caller)
        yield opened


def others_are_served(server: WebServer) -> bool:
    """Return whether a call, a page and a download are answered, each on a connection of its own."""
    is_called = json.loads(server.post(CALL))["error"] is None
    return is_called and get(server, "/login/")[0] == 200 and get(server, FILE)[2] == CONTENT


def get(server: WebServer, path: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of a page."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=HANG)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()


def rest_of(caller: socket.socket) -> bytes:
    """Return what arrives until the server closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := caller.recv(1 << 16):
            received += data
    return received


def is_ended(caller: socket.socket, patience: float = HANG) -> bool:
    """Return whether the server ends a connection that nobody reads."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            caller.sendall(b"x")
        except OSError:
            return True
        time.sleep(0.1)
    return False
