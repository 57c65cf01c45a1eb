"""The web server around a small application, in threads of the test."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

from apps.core.web_server.application import WebApplication
from apps.core.web_server.messages import Scope, WebAnswer, WebRequest
from apps.core.web_server.program import listen, make_server
from apps.core.web_server.wsgi_calls import WsgiApplication
from tests.patience import HANG

PATIENCE = HANG


def no_direct_answer(_request: WebRequest) -> WebAnswer:
    raise AssertionError("nothing is answered directly")


def make_application(
    wsgi: WsgiApplication,
    *,
    direct: Callable[[WebRequest], WebAnswer] = no_direct_answer,
    is_direct: Callable[[Scope], bool] = lambda _scope: False,
    is_quick: Callable[[bytes], bool] = lambda _body: False,
) -> WebApplication:
    return WebApplication(
        wsgi,
        direct=direct,
        is_direct=is_direct,
        is_quick=is_quick,
        is_health=lambda _scope: False,
        most_connections=1000,
    )


@contextlib.contextmanager
def serving(application: WebApplication) -> Iterator[int]:
    """Serve until the block ends; yield the port."""
    with contextlib.closing(listen("127.0.0.1", 0)) as listening:
        server = make_server(application)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            application.sender.close()


@contextlib.contextmanager
def asking(port: int, *heads: bytes) -> Iterator[socket.socket]:
    """Send the beginnings of requests on one connection, such as ``GET /``, and yield it."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as caller:
        for head in heads:
            caller.sendall(head + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield caller


class HeldParts:
    """An answer of parts: the first at once, the second when `gate` opens. It notes that it was closed."""

    streaming = True

    def __init__(self, gate: threading.Event) -> None:
        self.gate, self.closed = gate, threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield b"first"
        self.gate.wait(PATIENCE)
        yield b"second"

    def close(self) -> None:
        self.closed.set()


def answering(make: Callable[[dict[str, Any]], Any], *headers: tuple[str, str]) -> WsgiApplication:
    """Return an application whose answers are what a function makes of the environment."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", list(headers))
        return make(environ)

    return application
