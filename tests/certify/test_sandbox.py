"""The sandbox of children: what a program may use, and how its end is reported."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.certify.errors import (
    BrokenCheckError,
    ChildAbortedError,
    ChildError,
    KilledChildError,
    OutOfMemoryError,
    TimedOutError,
)
from apps.certify.sandbox import environment
from apps.certify.sandbox.child_process import PRINTED_KEPT, ChildProcess
from apps.certify.sandbox.ends import TOO_MUCH, error_of_end
from apps.certify.sandbox.limits import Limits
from apps.certify.sandbox.memory import memory_of_family
from apps.certify.sandbox.one_answer import ask
from tests.certify.test_runner import is_alive, require_gone
from tests.patience import HANG, does_not_hang

MIB = 1 << 20
LIMITS = Limits(seconds=30, memory=200 * MIB, file_size=MIB)

PROGRAM = """
import os, subprocess, sys, time
from pathlib import Path
from apps.certify.sandbox.one_answer import answer

def work(orders):
    {body}

answer(work)
"""


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PROJECT", f"{environment.PROJECT}{os.pathsep}{tmp_path}")


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    child = ChildProcess(
        ("-c", "import sys; print('x' * 30_000, 'the end'); sys.stdin.read()"),
        observatory="jwst",
        takes_orders=True,
    )
    yield child
    child.end()


def answered(
    folder: Path, body: str, *, limits: Limits = LIMITS, is_aborted: bool = False, **orders: object
) -> object:
    (folder / "program.py").write_text(PROGRAM.format(body=body))
    return ask("program", orders, observatory="jwst", limits=limits, is_aborted=lambda: is_aborted)


def test_orders_go_in_and_the_answer_comes_out(tmp_path: Path) -> None:
    assert answered(tmp_path, "return orders['a'] + 1", a=1) == 2


def test_a_program_runs_in_a_folder_that_is_removed(tmp_path: Path) -> None:
    home = answered(tmp_path, "return os.getcwd()")
    assert not Path(str(home)).exists()


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with does_not_hang(), pytest.raises(TimedOutError, match=r"longer than 0\.5 s"):
        answered(tmp_path, "time.sleep(3600)", limits=Limits(seconds=0.5, memory=200 * MIB, file_size=MIB))


def test_a_program_that_is_unwanted_is_ended(tmp_path: Path) -> None:
    with does_not_hang(), pytest.raises(ChildAbortedError):
        answered(tmp_path, "time.sleep(3600)", is_aborted=True)


def test_memory_is_refused_to_a_process(tmp_path: Path) -> None:
    with pytest.raises(OutOfMemoryError):
        answered(tmp_path, f"bytearray({300 * MIB})")


GREEDY = f"b = bytearray({120 * MIB}); b[::4096] = b'x' * len(b[::4096]); print('full', flush=True); "


def test_the_memory_of_all_it_started_counts(tmp_path: Path) -> None:
    """Each of the two processes stays below the limit, and both together exceed it."""
    greedy = GREEDY + "import time; time.sleep(60)"
    body = f"""
    for number in range(2):
        last = subprocess.Popen([sys.executable, "-c", {greedy!r}])
    Path({str(tmp_path / "pid")!r}).write_text(str(last.pid))
    time.sleep(60)"""
    with pytest.raises(OutOfMemoryError):
        answered(tmp_path, body)
    require_gone(int((tmp_path / "pid").read_text()))


def test_what_a_program_left_running_ends_with_it(tmp_path: Path) -> None:
    pid = answered(tmp_path, "return subprocess.Popen(['sleep', '60']).pid")
    require_gone(int(str(pid)))


@pytest.mark.parametrize("body", [f"return 'x' * {2 * MIB}", f"Path('big').write_bytes(bytes({2 * MIB}))"])
def test_no_file_and_no_answer_is_larger_than_allowed(tmp_path: Path, body: str) -> None:
    with pytest.raises(ChildError, match="File too large"):
        answered(tmp_path, body)


def test_a_program_without_an_answer_is_our_fault(tmp_path: Path) -> None:
    with pytest.raises(ChildError, match="left no answer"):
        answered(tmp_path, "os._exit(0)")


def test_a_program_that_cannot_start_is_our_fault(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no/such/python"):
        ChildProcess(("-c", ""), observatory="jwst", python="/no/such/python")


def test_the_end_of_what_a_program_prints_is_kept(child: ChildProcess) -> None:
    assert child.wait(0.01) is None
    child.give_orders(b"")
    assert child.wait(HANG) == 0
    assert child.printed().endswith("the end")
    assert len(child.printed()) <= PRINTED_KEPT


def test_ending_a_program_twice_is_harmless() -> None:
    child = ChildProcess(("-c", "import time; time.sleep(60)"), observatory="jwst")
    assert child.is_alive()
    child.end()
    child.end()
    assert not child.is_alive()
    assert not is_alive(child.pid)


def test_a_process_that_is_gone_fills_no_memory() -> None:
    assert memory_of_family(os.getpid()) > MIB
    assert memory_of_family(2**22 + 1) == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (TOO_MUCH, OutOfMemoryError),
        (-signal.SIGXCPU, TimedOutError),
        (-signal.SIGSEGV, BrokenCheckError),
        (-signal.SIGBUS, BrokenCheckError),
        (-signal.SIGKILL, KilledChildError),
        (-signal.SIGTERM, KilledChildError),
        (1, ChildError),
    ],
)
def test_an_end_is_told_by_who_must_act(status: int, error: type[Exception]) -> None:
    assert type(error_of_end(status, "reading", "words")) is error
