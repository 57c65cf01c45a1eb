import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from tests.live import LiveServer, live_server
from tests.patience import HANG


@pytest.fixture
def server(tmp_path: Path) -> LiveServer:
    with live_server("jwst", tmp_path / "up") as running:
        yield running


def processes_below(root: Path) -> dict[int, str]:
    """Return the names of all processes whose environment names this data root, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"DATA_ROOT={root}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "comm").read_text().strip()
        except OSError:
            continue  # It ended while we looked.
    return found


def wait_for(condition: object, patience: float = HANG) -> bool:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


def test_up_serves_pages_and_runs_a_worker_that_says_it_is_alive(server: LiveServer) -> None:
    with urllib.request.urlopen(f"{server.url}/") as answer:
        assert answer.status == 200
        assert "Content-Security-Policy" in answer.headers
    assert wait_for((server.root / "worker-heartbeat").exists)


def test_a_killed_web_server_comes_back(server: LiveServer) -> None:
    web = [pid for pid, name in processes_below(server.root).items() if name.startswith("crds-web")]
    assert web
    for pid in web:
        os.kill(pid, signal.SIGKILL)

    def answers() -> bool:
        try:
            return urllib.request.urlopen(f"{server.url}/healthz", timeout=2).status == 200
        except OSError:
            return False

    assert wait_for(answers)


def test_nothing_is_left_after_the_end(tmp_path: Path) -> None:
    with live_server("jwst", tmp_path / "up") as server:
        assert wait_for((server.root / "worker-heartbeat").exists)
        assert len(processes_below(server.root)) >= 3
    assert wait_for(lambda: not processes_below(tmp_path / "up"), 10)
