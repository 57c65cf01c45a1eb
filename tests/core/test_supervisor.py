import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from apps.core import supervisor
from apps.core.supervisor import ChildProgram, supervise
from tests.patience import HANG
from tests.roots import PROJECT


def program(*arguments: str) -> Callable[[], None]:
    """Return the function that becomes a Python program."""
    return partial(os.execv, sys.executable, [sys.executable, *arguments])


LEAVE_A_MARK = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(%s)"


def stop_when(condition: object, *, patience: float = HANG) -> threading.Thread:
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
    child = ChildProgram("short", program("-c", LEAVE_A_MARK % 0, str(mark)))
    stopper = stop_when(lambda: len(pids(mark)) >= 3)
    supervise([child])
    stopper.join()
    assert len(pids(mark)) >= 3


def test_term_ends_every_child(tmp_path: Path) -> None:
    marks = [tmp_path / "one", tmp_path / "two"]
    children = [ChildProgram(mark.name, program("-c", LEAVE_A_MARK % 600, str(mark))) for mark in marks]
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
    child = ChildProgram("deaf", program("-c", deaf, str(tmp_path / "mark")))
    stopper = stop_when(lambda: pids(tmp_path / "mark"))
    supervise([child])
    stopper.join()
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


# A program that ends at TERM, and before that started one which does not: as a worker with its clock.
WITH_A_DEAF_HELPER = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', sys.argv[2], sys.argv[1]]);"
    "time.sleep(600)"
)
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LEAVE_A_MARK % 600


def test_a_deaf_helper_of_a_child_that_ended_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE", 0.5)
    mark = tmp_path / "mark"
    child = ChildProgram("worker", program("-c", WITH_A_DEAF_HELPER, str(mark), DEAF))
    stopper = stop_when(lambda: pids(mark))
    supervise([child])
    stopper.join()
    (helper,) = pids(mark)
    assert child.process is not None
    assert child.process.returncode == -signal.SIGTERM
    assert is_gone(helper)


def test_helpers_of_a_child_that_died_are_gone_before_it_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PAUSE", 0.1)
    monkeypatch.setattr(supervisor, "PATIENCE", 0.5)
    mark, survivors, killed = tmp_path / "mark", [], []
    child = ChildProgram("worker", program("-c", WITH_A_DEAF_HELPER, str(mark), DEAF))

    def has_started_again() -> bool:
        known = pids(mark)
        if known and not killed and child.process is not None:
            killed.append(child.process.pid)
            os.kill(child.process.pid, signal.SIGKILL)
        if len(known) > 1:
            survivors.extend(pid for pid in known[:-1] if not is_gone(pid))
        return len(known) > 1

    stopper = stop_when(has_started_again)
    supervise([child])
    stopper.join()
    assert len(pids(mark)) > 1
    assert survivors == []
    assert all(map(is_gone, pids(mark)))


def test_a_closed_terminal_ends_the_children(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child = [sys.executable, "-c", LEAVE_A_MARK % 600, str(mark)]
    code = (
        "import os, sys; from apps.core.supervisor import ChildProgram, supervise\n"
        f"supervise([ChildProgram('child', lambda: os.execv(sys.executable, {child!r}))])"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT)
    until = time.monotonic() + HANG
    while not pids(mark) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGHUP)
    assert process.wait(HANG) == 0
    assert is_gone(pids(mark)[0])
