"""Real worker processes, which tests may kill."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.roots import PROJECT, manage


@contextlib.contextmanager
def worker(environment: dict[str, str], name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as `manage.py up` does until the block ends."""
    root = Path(environment["DATA_ROOT"])
    command = [
        *(sys.executable, "-m", "celery", "--quiet", "-A", "crds_server", "worker", "-n", f"{name}@test"),
        *("--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING"),
        *("--beat", "--schedule", str(root / f"beat-{name}")),
    ]
    with (root / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def shell(environment: dict[str, str], code: str) -> str:
    return manage(environment, "shell", "--verbosity", "0", "--command", code)
