import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from apps.core import supervisor
from apps.core.supervisor import Child, supervise

LEAVE_A_MARK = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(%s)"


def stop_when(condition: object, *, patience: float = 20.0) -> threading.Thread:
    """Send TERM to ourselves once `condition` holds."""

    def wait() -> None:
        until = time.monotonic() + patience
        while not condition() and time.monotonic() < until:  # type: ignore[operator]
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_a_child_that_ends_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PAUSE", 0.1)
    mark = tmp_path / "mark"
    child = Child("short", [sys.executable, "-c", LEAVE_A_MARK % 0, str(mark)], os.environ)
    stopper = stop_when(lambda: len(pids(mark)) >= 3)
    supervise([child])
    stopper.join()
    assert len(pids(mark)) >= 3


def test_term_ends_every_child(tmp_path: Path) -> None:
    marks = [tmp_path / "one", tmp_path / "two"]
    children = [
        Child(mark.name, [sys.executable, "-c", LEAVE_A_MARK % 600, str(mark)], os.environ) for mark in marks
    ]
    stopper = stop_when(lambda: all(pids(mark) for mark in marks))
    supervise(children)
    stopper.join()
    for mark in marks:
        (pid,) = pids(mark)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE", 0.3)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LEAVE_A_MARK % 600
    child = Child("deaf", [sys.executable, "-c", deaf, str(tmp_path / "mark")], os.environ)
    stopper = stop_when(lambda: pids(tmp_path / "mark"))
    supervise([child])
    stopper.join()
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL
