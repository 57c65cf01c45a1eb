"""The delay of others by a process that freezes with the lock of the ledger."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.worker_processes import kill, shell
from tests.patience import does_not_hang
from tests.roots import PROJECT, environment_for, filled_root

pytestmark = [pytest.mark.campaign, pytest.mark.needs("postgresql")]

FREEZE = (
    "import os, signal\nfrom django.db import transaction\nfrom apps.catalog.ledger_lock import lock_ledger\n"
    "with transaction.atomic():\n    lock_ledger()\n    print('frozen', flush=True)\n"
    "    os.kill(os.getpid(), signal.SIGSTOP)"
)
WAIT = (
    "import time\nfrom django.db import transaction\nfrom apps.catalog.ledger_lock import lock_ledger\n"
    "began = time.monotonic()\nwith transaction.atomic(): lock_ledger()\nprint(time.monotonic() - began)"
)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    root = tmp_path / "root"
    with filled_root("jwst", root) as database_url:
        yield environment_for("jwst", root, database_url)


def test_a_frozen_process_delays_others_for_a_while_only(environment: dict[str, str]) -> None:
    shell(environment, WAIT)  # It makes the row of the lock.
    frozen = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v0", "--command", FREEZE],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert frozen.stdout
        assert frozen.stdout.readline() == b"frozen\n"
        with does_not_hang():
            delay = float(shell(environment, WAIT).splitlines()[-1])
        sys.stdout.write(f"the other waited {delay:.1f} s\n")
    finally:
        frozen.send_signal(signal.SIGCONT)
        kill(frozen)
        frozen.stdout.close()
