"""Rules and files for tests: the real ones where they are, else those that the repository makes itself.

`CRDS_TEST_DATA` names the folder of the real archives, which are unpacked once into a cache folder outside
the tree; the benchmarks' tools lie beside it. What is made lies in the scratch folder of the run.
"""

import fcntl
import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.needs import archives, has_archives
from tests.scratch import scratch

CACHE = Path.home() / ".cache" / "crds-server-tests"


def is_real() -> bool:
    """Return whether `data_root` and `sample_files` hold real rules and files."""
    return has_archives()


def bench_tools() -> Path:
    """Return the folder of the header generator and of the oracle's runner; only beside real data."""
    tools = archives().parent / "bench"
    assert is_real(), "mark the test with needs('real-data')"
    assert (tools / "gen_headers.py").is_file(), f"no gen_headers.py in {tools}"
    return tools


def data_root() -> Path:
    """Return the folder which holds ``mappings``, ``config`` and ``references``; it is never written to."""
    return _unpacked("crds-rules.tar.xz", "mappings") if is_real() else made_cache()


def sample_files() -> Path:
    """Return the folder which holds small reference and data files by observatory."""
    return _unpacked("sample-files.tar.xz", "sample-files") / "sample-files" if is_real() else made_files()


@cache
def made_cache() -> Path:
    """Return the cache of rules of every kind that the repository makes, for every observatory."""
    from tests.factories.made_cache import make_cache_of_all
    from tests.factories.made_files import HELD

    def make(root: Path) -> None:
        held = {
            name: {file: (made_files() / name / file).read_bytes() for file in files}
            for name, files in HELD.items()
        }
        make_cache_of_all(root, held)

    return _once("made-cache", make)


@cache
def made_files() -> Path:
    """Return the folder of the sample files that the repository makes."""
    from tests.factories.made_files import make_files

    return _once("made-files", make_files)


@cache
def _unpacked(archive: str, content: str) -> Path:
    """Unpack an archive unless it is unpacked, and return the folder which then holds `content`."""
    source = archives() / archive
    target = CACHE / hashlib.sha256(source.read_bytes()).hexdigest()[:16]

    def unpack(folder: Path) -> None:
        with tarfile.open(source) as stream:
            stream.extractall(folder, filter="data")

    _complete(target, unpack)
    found = next(
        (folder for folder in (target, *sorted(target.iterdir())) if (folder / content).is_dir()), None
    )
    assert found is not None, f"{archive} holds no {content}"
    return found


def _once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of this run, filled by whichever process asks first."""
    target = scratch() / name
    _complete(target, make)
    return target


def _complete(target: Path, make: Callable[[Path], None]) -> None:
    """Fill a folder beside `target` and rename it, one process at a time: one of that name is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / f"{target.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            return
        unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix="unfinished-"))
        try:
            make(unfinished)
            unfinished.rename(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
