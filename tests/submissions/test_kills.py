"""Kills at any point of the work on a submission: it ends like one that was never disturbed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.submissions.pipeline import STEPS
from tests.campaigns import first_of
from tests.roots import PROJECT
from tests.scratch import scratch

Do = Callable[..., Any]
Trap = tuple[str, str, int, bool]

# Module and function, number of calls that succeed, and whether the process dies before the next call (True)
# or after it.
PROCESSING: list[Trap] = [
    *(("apps.submissions.pipeline.run", step.__name__, 0, False) for step in STEPS["batch"]),
    ("apps.submissions.pipeline.certification", "_judge", 0, False),
    ("apps.submissions.pipeline.official_names", "reserve", 0, False),
    ("apps.submissions.staging", "link", 0, False),
    ("apps.submissions.staging", "record", 0, True),
    ("apps.submissions.staging", "record", 1, False),
    ("apps.submissions.staging", "write", 0, False),
    ("apps.submissions.mails.notify", "ready", 0, False),
    ("apps.submissions.pipeline.run", "end_well", 0, False),
]
# Kills of CONFIRMING are before the end of the transaction, those of CONFIRMED after it.
CONFIRMING: list[Trap] = [
    ("apps.catalog.storage", "adopt", 0, True),
    ("apps.catalog.storage", "adopt", 1, False),
    ("apps.submissions.operations.confirm", "new_contexts", 0, False),
    ("apps.submissions.operations.confirm", "adopt_files", 0, False),
    ("apps.contexts.operations", "move_edit", 0, False),
    ("apps.submissions.mails.notify", "ended", 0, False),
]
CONFIRMED: list[Trap] = [
    ("apps.catalog.deliveries", "write", 0, True),
    ("apps.catalog.deliveries", "write", 0, False),
    ("apps.submissions.uploads.ingest_area", "delete_consumed", 0, False),
    ("apps.submissions.staging", "clear", 0, False),
]


@pytest.fixture(scope="module")
def do(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Do]:
    """Return a function that does actions in a data root, in a process of their own that a trap may kill."""
    memory = scratch() / "remembered"
    environment = os.environ | {
        "DATA_ROOT": str(tmp_path_factory.mktemp("none")),
        "DATABASE_URL": "sqlite:////nowhere",
        "OBSERVATORY": "jwst",
        "MAIL_LISTS": "crds@example.org",
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "crds_server.settings",
    }
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.submissions.dying", str(memory)],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin
    assert program.stdout

    def order(root: Path, *actions: str, trap: Trap | None = None) -> Any:
        asked = {"root": str(root), "actions": actions} | ({"trap": trap} if trap else {})
        assert program.stdin
        assert program.stdout
        program.stdin.write(json.dumps(asked) + "\n")
        program.stdin.flush()
        status, answer = json.loads(program.stdout.readline())
        assert status == (-signal.SIGKILL if trap else 0), f"{actions} ended with {status}"
        return answer

    yield order
    program.stdin.close()
    program.stdout.close()
    program.wait(20)


@pytest.fixture(scope="module")
def started(do: Do, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data root with a submission that no worker has seen."""
    root = tmp_path_factory.mktemp("started") / "data"
    root.mkdir()
    do(root, "make")
    return root


@pytest.fixture(scope="module")
def ready(do: Do, started: Path) -> Path:
    """Return a data root with the same submission, ready to be confirmed."""
    root = copied(started, started.parent / "ready")
    do(root, "process")
    return root


@pytest.fixture(scope="module")
def ready_state(do: Do, ready: Path) -> Any:
    return do(ready, "state")


@pytest.fixture(scope="module")
def confirmed_state(do: Do, ready: Path) -> Any:
    root = copied(ready, ready.parent / "confirmed")
    return do(root, "confirm", "sweep", "state")


def copied(root: Path, target: Path) -> Path:
    shutil.copytree(root, target)
    return target


def name_of(trap: Trap) -> str:
    _module, function, count, is_before = trap
    return f"{'before' if is_before else 'behind'} {function} {count + 1}"


@pytest.mark.parametrize("trap", first_of(PROCESSING), ids=name_of)
def test_a_killed_worker_is_followed_by_one_that_ends_as_if_alone(
    do: Do, started: Path, ready_state: Any, tmp_path: Path, trap: Trap
) -> None:
    root = copied(started, tmp_path / "killed")
    do(root, "process", trap=trap)
    assert do(root, "process", "state") == ready_state


@pytest.mark.parametrize("trap", first_of([*CONFIRMING, *CONFIRMED]), ids=name_of)
def test_a_killed_confirmation_is_completed_by_pressing_again_and_sweeping(
    do: Do, ready: Path, confirmed_state: Any, tmp_path: Path, trap: Trap
) -> None:
    root = copied(ready, tmp_path / "killed")
    do(root, "confirm", trap=trap)
    assert do(root, "confirm", "sweep", "state") == confirmed_state


@pytest.mark.campaign
@pytest.mark.parametrize("trap", CONFIRMED[:3], ids=name_of)
def test_once_it_is_decided_a_sweep_is_enough(
    do: Do, ready: Path, confirmed_state: Any, tmp_path: Path, trap: Trap
) -> None:
    root = copied(ready, tmp_path / "killed")
    do(root, "confirm", trap=trap)
    assert do(root, "sweep", "state") == confirmed_state


@pytest.mark.campaign
@pytest.mark.parametrize("trap", [CONFIRMING[1], CONFIRMING[3]], ids=name_of)
def test_a_killed_confirmation_may_be_cancelled(
    do: Do, started: Path, ready: Path, tmp_path: Path, trap: Trap
) -> None:
    root = copied(ready, tmp_path / "killed")
    do(root, "confirm", trap=trap)
    (files, stored, reserved, locks, edit), *_ = do(root, "cancel", "state")
    assert (files, reserved, locks, edit) == (do(started, "state")[0][0], [], [], "jwst_0001.pmap")
    assert stored == files
