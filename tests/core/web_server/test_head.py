"""An answer to HEAD has no body, whatever the application returns."""

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.bench.web_server import WebServer
from tests.core.web_server.callers import CONTENT, FILE
from tests.core.web_server.small_server import HeldParts, answering, asking, make_application, serving

SIZE = 300_000  # bytes; more than the server keeps in memory
KINDS = ["file", "parts", "content"]


@pytest.mark.parametrize("kind", KINDS)
def test_head_has_the_headers_alone_and_the_connection_goes_on(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * SIZE)
    made: list[Any] = []

    def make(environ: dict[str, Any]) -> Any:
        if kind == "file":
            made.append(open(tmp_path / "file", "rb"))  # noqa: SIM115 - the server closes it
            return environ["wsgi.file_wrapper"](made[-1])
        if kind == "parts":
            made.append(HeldParts(threading.Event()))
            return made[-1]
        return [b"x" * SIZE]

    application = make_application(answering(make, ("Content-Length", str(SIZE))))
    with serving(application) as port, asking(port, b"HEAD /", b"HEAD /") as caller:
        received = b""
        while received.count(b"\r\n\r\n") < 2:
            data = caller.recv(1 << 20)
            assert data, "the connection ended"
            received += data
        assert received.count(b"HTTP/1.1 200 ") == 2
        assert received.lower().count(b"content-length: %d" % SIZE) == 2
        assert received.endswith(b"\r\n\r\n")
        assert b"x" * 10 not in received
    for each in made:
        assert each.closed if kind == "file" else each.closed.is_set()


def test_head_of_a_large_file_of_the_catalogue_sends_its_length_alone(server: WebServer) -> None:
    with asking(server.port, b"HEAD " + FILE.encode(), b"HEAD /healthz") as caller:
        received = b""
        while received.count(b"\r\n\r\n") < 2:
            data = caller.recv(1 << 20)
            assert data, "the connection ended"
            received += data
    assert b"content-length: %d\r\n" % len(CONTENT) in received.lower()
    assert len(received) < 10_000
