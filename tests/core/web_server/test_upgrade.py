"""Requests that offer to change the protocol are ordinary requests."""

import socket

import pytest

from tests.core.web_server.callers import rest_of
from tests.core.web_server.small_server import PATIENCE, answering, make_application, serving

OFFERS = {
    "HTTP/2": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA",
    "a web socket": b"connection: keep-alive, upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x",
    "TLS": b"Upgrade: TLS/1.3\r\nConnection: UPGRADE",
    "nothing": b"Accept: */*",
}


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
@pytest.mark.parametrize("is_whole", [True, False], ids=["one packet", "head first"])
def test_the_body_of_a_request_with_an_offer_is_read(offer: bytes, is_whole: bool) -> None:
    echo = make_application(answering(lambda environ: [environ["wsgi.input"].read()]))
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n" + offer + b"\r\n\r\n"
    with serving(echo) as port, socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as caller:
        for part in [head + b"upgrade"] if is_whole else [head, b"upgrade"]:
            caller.sendall(part)
        caller.shutdown(socket.SHUT_WR)
        answer = rest_of(caller)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\nupgrade")
