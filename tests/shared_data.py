"""Real rules and files for tests: unpacked once into a cache folder outside the tree, shared by all workers.

`CRDS_TEST_DATA` names the folder of the archives; the benchmarks' tools lie beside it.
"""

import fcntl
import hashlib
import shutil
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.needs import PREFIX, archives

CACHE = Path.home() / ".cache" / "crds-server-tests"


def bench_tools() -> Path:
    """Return the folder of the header generator and of the oracle's runner."""
    tools = archives().parent / "bench"
    if not (tools / "gen_headers.py").is_file():
        pytest.skip(f"{PREFIX}real-data")
    return tools


def data_root() -> Path:
    """Return the folder which holds ``mappings``, ``config`` and ``references``; it is never written to."""
    return _unpacked("crds-rules.tar.xz", "mappings")


def sample_files() -> Path:
    """Return the folder which holds small reference and data files by observatory."""
    return _unpacked("sample-files.tar.xz", "sample-files") / "sample-files"


@cache
def _unpacked(archive: str, content: str) -> Path:
    """Unpack an archive unless it is unpacked, and return the folder which then holds `content`."""
    source = archives() / archive
    if not source.is_file():
        pytest.skip(f"{PREFIX}real-data")
    target = CACHE / hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    if not target.is_dir():
        _unpack(source, target)
    found = next(
        (folder for folder in (target, *sorted(target.iterdir())) if (folder / content).is_dir()), None
    )
    assert found is not None, f"{archive} holds no {content}"
    return found


def _unpack(source: Path, target: Path) -> None:
    """Unpack beside `target` and rename, one worker at a time: a folder of that name is always complete."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            return
        unfinished = Path(tempfile.mkdtemp(dir=CACHE, prefix="unpacking-"))
        try:
            with tarfile.open(source) as archive:
                archive.extractall(unfinished, filter="data")
            unfinished.rename(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
