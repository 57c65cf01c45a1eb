"""Fixtures of the whole suite: a data root for each test, and sockets that reach this machine only."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests.factories.races import Run, database_for_threads
from tests.roots import forget_templates

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


@pytest.fixture
def run_apart(transactional_db: None, tmp_path: Path) -> Iterator[Run]:
    """Return what runs a scenario of several threads and returns its result."""
    with database_for_threads(tmp_path / "races.sqlite3") as run:
        yield run


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the tests of a group the ids by which they are kept in one process.

    pytest-xdist 3.8 writes these where pytest 9.2 looks no more; without a word each process then starts
    servers of its own for every group.
    """
    if not config.getoption("loadgroup", False):
        return
    for item in items:
        groups = "_".join(sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")}))
        if groups and not item.nodeid.endswith(f"@{groups}"):
            item._id = type(item._id).parse(f"{item.nodeid}@{groups}")
            assert item.nodeid.endswith(f"@{groups}")


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


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last process of the suite ends what all of them have copied from."""
    if not hasattr(config, "workerinput"):
        forget_templates()
