"""Fixtures of the whole suite: a data root for each test, and sockets that reach this machine only."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests.factories.own_bucket import use_memory_bucket
from tests.factories.races import Run, database_for_threads
from tests.live import PRODUCTION
from tests.needs import names_in, needs_more_than_bare, not_permitted, skip_unmet, table
from tests.roots import forget_templates
from tests.schedule import GroupScheduling, longest_first

hypothesis_settings.register_profile("suite", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("suite")


@pytest.fixture(autouse=True)
def data_root(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> Path:
    """Give the test a store of its own."""
    settings.DATA_ROOT = tmp_path / "data"
    settings.STORE_ROOT = settings.DATA_ROOT / "store"
    settings.ARTIFACT_ROOT = settings.DATA_ROOT / "artifacts"
    settings.DELIVERY_ROOT = settings.DATA_ROOT / "deliveries"
    settings.OBSERVATORY_FILE = settings.DATA_ROOT / "observatory.yaml"
    settings.DATA_ROOT.mkdir()
    if pytestconfig.getoption("--bucket"):
        use_memory_bucket(settings, monkeypatch)
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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option by which a stage of CI names what its machine lacks; see `tests.needs`."""
    parser.addoption(
        "--lacking",
        metavar="NEEDS",
        help="comma list of what is missing here, or 'none': tests that need it are skipped, and a skip for "
        "any other reason fails the run. The default permits every skip, in CI none.",
    )
    parser.addoption(
        "--campaigns", action="store_true", help="also run the slow campaigns, which `make test` leaves to CI"
    )
    parser.addoption(
        "--production",
        choices=("folder", "bucket"),
        help="run the processes of deploy/ instead of `manage.py up`, without the tests that are marked "
        "development_server; the store is in a folder or a bucket",
    )
    parser.addoption(
        "--bucket",
        action="store_true",
        help="keep the store of each test in a bucket in memory; tests of the disk itself then fail",
    )
    parser.addoption(
        "--beyond-bare",
        action="store_true",
        help="run only the tests that a bare machine (python3, make, git) skips, or runs on made rules",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell the fixtures, and the other processes of the run, what to start as a live server."""
    if store := config.getoption("--production"):
        os.environ[PRODUCTION] = store


def permitted_skips(config: pytest.Config) -> frozenset[str] | None:
    """Return the needs for whose want this run may skip tests; None permits every skip."""
    given = config.getoption("--lacking")
    if given is None:
        return frozenset() if os.environ.get("CI") == "true" else None
    return names_in(given)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the tests of this run, and the process of each."""
    for mark in _marks_left_out(config):
        _leave_out(config, [item for item in items if item.get_closest_marker(mark)], items)
    _give_time(config, items)
    if config.getoption("--beyond-bare"):
        _leave_out(config, [item for item in items if not needs_more_than_bare(item)], items)
    skip_unmet(items, permitted_skips(config) or ())
    if config.getoption("loadgroup", False):
        _name_groups(items)
        items[:] = longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling | None:
    """Give out groups in the order of `tests.schedule`; by default the one with most tests would be first."""
    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


def _marks_left_out(config: pytest.Config) -> list[str]:
    """Return the marks of the tests that run only where they are asked for."""
    asked = {
        "campaign": config.getoption("--campaigns"),
        "beyond_bare": config.getoption("--beyond-bare"),
        "development_server": not config.getoption("--production"),
    }
    return [mark for mark, is_asked in asked.items() if not is_asked and mark not in config.option.markexpr]


def _leave_out(config: pytest.Config, unwanted: list[pytest.Item], items: list[pytest.Item]) -> None:
    left_out = set(unwanted)
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=unwanted)


def _give_time(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give an hour to campaigns, and to tests of which each may start the processes of production."""
    for item in items:
        if config.getoption("--production") or item.get_closest_marker("campaign"):
            item.add_marker(pytest.mark.timeout(3600))


def _name_groups(items: list[pytest.Item]) -> None:
    """Give the tests of a group the ids by which they are kept in one process.

    pytest-xdist 3.8 writes these where pytest 9.2 looks no more; without a word each process then starts
    servers of its own for every group.
    """
    for item in items:
        groups = "_".join(sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")}))
        if groups and not item.nodeid.endswith(f"@{groups}"):
            item._id = type(item._id).parse(f"{item.nodeid}@{groups}")
            assert item.nodeid.endswith(f"@{groups}")


def reasons_of_skips(reporter: Any) -> list[str]:
    return [str(report.longrepr[2]).removeprefix("Skipped: ") for report in reporter.stats.get("skipped", [])]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    """Say as the last thing what was skipped, why, and how to have it."""
    yield
    reasons = reasons_of_skips(terminalreporter)
    permitted = permitted_skips(config)
    terminalreporter.write_line("")
    for line in table(reasons) if reasons else ["No test was skipped."]:
        terminalreporter.write_line(line)
    if permitted is not None and (wrong := not_permitted(reasons, permitted)):
        terminalreporter.write_line(f"This run may not skip tests because of: {'; '.join(wrong)}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skipped what its machine should have."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    permitted = permitted_skips(session.config)
    if reporter and permitted is not None and not_permitted(reasons_of_skips(reporter), permitted):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last process of the suite ends what all of them have copied from."""
    if not hasattr(config, "workerinput"):
        forget_templates()
