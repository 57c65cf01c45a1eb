"""A disk that is full or broken for single system calls: names in the store mean complete bytes."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalog.failing_disk import CONTENT, FILES
from tests.roots import PROJECT

pytestmark = [pytest.mark.campaign, pytest.mark.needs("fiu")]

FAILED = 3  # the exit status of a run in which some files could not be stored, each for the disk


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("posix/io/rw/write", errno.ENOSPC),
        ("posix/io/rw/write", errno.EIO),
        ("posix/io/sync/fsync", errno.EIO),
    ],
)
def test_a_failing_call_leaves_nothing_half_written(tmp_path: Path, call: str, number: int) -> None:
    fault = f"enable_random name={call},probability=0.05,failinfo={number}"
    done = subprocess.run(
        ["fiu-run", "-x", "-c", fault, sys.executable, "-m", "tests.catalog.failing_disk", str(tmp_path)],
        cwd=PROJECT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == FAILED, done.stdout + done.stderr
    stored = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert 0 < len(stored) < FILES
    for path in stored:
        serial = int(path.stem.rsplit("_", 1)[1])
        assert path.read_bytes() == b"%d" % serial + CONTENT
