"""Fixtures of the whole suite: a data root for each test, and sockets that reach this machine only."""

import os
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
    settings.DELIVERY_ROOT = settings.DATA_ROOT / "deliveries"
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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say as the last thing what was skipped and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = sorted({report.longrepr[2] for report in skipped})
    terminalreporter.write_line(f"skipped: {len(skipped)}" + "".join(f"\n  {reason}" for reason in reasons))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything can be had, a skip is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
