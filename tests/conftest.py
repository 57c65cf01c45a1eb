"""Fixtures of the whole suite: a data root for each test, closed sockets, no surprises from the environment."""

import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

hypothesis_settings.register_profile("suite", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("suite")


@pytest.fixture(autouse=True)
def data_root(tmp_path: Path, settings: Any) -> Path:
    """Give the test a store of its own."""
    settings.DATA_ROOT = tmp_path / "data"
    settings.STORE_ROOT = settings.DATA_ROOT / "store"
    settings.ARTIFACT_ROOT = settings.DATA_ROOT / "artifacts"
    settings.DATA_ROOT.mkdir()
    return settings.DATA_ROOT


@pytest.fixture(autouse=True)
def only_local_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to reach {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)
