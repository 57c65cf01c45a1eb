"""The addresses to which messages of web hooks may go."""

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from apps.subscriptions import receivers
from apps.subscriptions.errors import BadHookAddressError
from apps.subscriptions.receivers import MOST_ADDRESSES, is_public, post, require_receiver


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.org",
        "http://example.org/",
        "ftp://example.org/",
        "https:///path",
        "https://user:secret@example.org/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.1.2.3/",
        "https://example.org:25/",
        "https://example.org:99999/",
        "https://[fe80::1%25eth0]/",
        "https://exa\r\nmple.org/",
        "https://example.org/a b",
        "https://exämple.org/",
        "https://example.org/" + "x" * 500,
        "javascript:alert(1)",
        "https://[",
    ],
)
def test_a_bad_address_is_refused_with_a_reason(address: str) -> None:
    with pytest.raises(BadHookAddressError, match=r"\."):
        require_receiver(address)


def test_an_https_address_is_taken_apart() -> None:
    receiver = require_receiver("https://Example.org:8443/crds?x=1#fragment")
    assert (receiver.host, receiver.port, receiver.path) == ("example.org", 8443, "/crds?x=1")
    assert require_receiver("https://example.org").port == 443


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("0.0.0.0", False),  # noqa: S104
        ("127.8.8.8", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("240.0.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_machines_on_the_internet_are_public(text: str, expected: bool) -> None:
    assert is_public(ip_address(text)) is expected


def test_a_name_that_resolves_to_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # One public address beside it does not help: all are checked before the first connection.
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 443)) for text in ("93.184.215.14", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    connections: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, place: connections.append(place))
    with pytest.raises(BadHookAddressError, match="not a public address"):
        post(require_receiver("https://rebound.example.org/"), b"{}", {})
    assert connections == []


def test_a_host_with_many_addresses_that_do_not_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"93.184.215.{place}", 443)) for place in range(200)
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    tried: list[Any] = []

    def connect(_: socket.socket, place: Any) -> None:
        tried.append(place)
        raise TimeoutError("no answer")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(TimeoutError):
        post(require_receiver("https://slow.example.org/"), b"{}", {})
    assert len(tried) == MOST_ADDRESSES
    monkeypatch.setattr(receivers, "MOST_SECONDS", -1)
    with pytest.raises(OSError, match="no address"):
        post(require_receiver("https://slow.example.org/"), b"{}", {})
    assert len(tried) == MOST_ADDRESSES
