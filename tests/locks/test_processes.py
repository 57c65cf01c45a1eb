"""Races for one instrument between processes, as the web server runs them, on a separate database."""

import subprocess
import sys
from pathlib import Path

from tests.roots import PROJECT, environment_for, filled_root

CROWD = 4
PROGRAM = """
import sys
from apps.locks import operations
from apps.locks.errors import LockedError
print("ready", flush=True)
sys.stdin.readline()
won = 0
for instrument in ("miri", "nircam", "fgs", "niriss", "nirspec", "system"):
    try:
        operations.acquire(instrument=instrument, user=sys.argv[1] + instrument)
        won += 1
    except LockedError:
        pass
print(won)
"""


def test_each_instrument_goes_to_exactly_one_process(tmp_path: Path) -> None:
    with filled_root("jwst", tmp_path / "root") as address:
        environment = environment_for("jwst", tmp_path / "root", address)
        runners = [_start(f"user{number}", environment) for number in range(CROWD)]
        for runner in runners:
            assert runner.stdout is not None
            assert runner.stdout.readline() == "ready\n"
        outcomes = [_finish(runner) for runner in _all_told_to_go(runners)]
    assert sum(outcomes) == 6, outcomes


def _start(user: str, environment: dict[str, str]) -> "subprocess.Popen[str]":
    program = f"import django; django.setup()\n{PROGRAM}"
    return subprocess.Popen(
        [sys.executable, "-c", program, user],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _all_told_to_go(runners: "list[subprocess.Popen[str]]") -> "list[subprocess.Popen[str]]":
    for runner in runners:
        assert runner.stdin is not None
        runner.stdin.write("go\n")
        runner.stdin.flush()
    return runners


def _finish(runner: "subprocess.Popen[str]") -> int:
    output, _ = runner.communicate(timeout=60)
    assert runner.returncode == 0
    return int(output)
