"""The addresses at which the server listens."""

import socket
from typing import Any

import pytest

from apps.core.web_server import program


@pytest.mark.parametrize(
    ("given", "host", "family"),
    [
        ("127.0.0.1", "127.0.0.1", socket.AF_INET),
        ("localhost", "localhost", socket.AF_INET),
        ("::", "::", socket.AF_INET6),
        ("::1", "::1", socket.AF_INET6),
        ("[::1]", "::1", socket.AF_INET6),
    ],
)
def test_an_address_of_either_version_is_listened_at(
    given: str, host: str, family: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare machine may lack version 6, so the socket itself is one of version 4."""
    asked: list[Any] = []
    create_server = socket.create_server

    def create(address: tuple[str, int], **options: Any) -> socket.socket:
        asked.append((address, options["family"]))
        return create_server(("127.0.0.1", 0))

    monkeypatch.setattr(socket, "create_server", create)
    program.listen(given, 8000).close()
    assert asked == [((host, 8000), family)]
