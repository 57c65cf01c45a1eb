"""Programs, services and data that some tests need and the repository does not bring.

A test says what it needs by ``@pytest.mark.needs("chromium")``. Where that is missing the test is skipped,
and the table at the end of the run says how to have it.
"""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.client_package.template.versions import TRIED

PROJECT = Path(__file__).resolve().parent.parent
REDIS = ("127.0.0.1", 6379)
OTHER_DISK = Path("/dev/shm")  # noqa: S108 (a second file system, where there is one)
ARCHIVES = ("crds-rules.tar.xz", "sample-files.tar.xz")
PREFIX = "needs "
# The commit whose data an upgrade is tried with: before backups, identities and definitions of observatories.
EARLIER_RELEASE = "160b5bf099cafc437da16dbc6bfbc6e5611ea221"


@dataclass(frozen=True)
class Need:
    """One thing that a test may need: its name in the table, how to have it, and whether it is there."""

    what: str
    remedy: str
    is_met: Callable[[], bool]


def archives() -> Path:
    """Return the folder of the archives with real rules and files, which need not exist."""
    return (PROJECT / os.environ.get("CRDS_TEST_DATA", "../shared/data")).resolve()


def has_archives() -> bool:
    """Return whether real rules and files are there."""
    return all((archives() / name).is_file() for name in ARCHIVES)


def client_python() -> Path:
    """Return the Python of the client's environment, which every run of the suite must have."""
    python = PROJECT / os.environ.get("CRDS_CLIENT_PYTHON", ".venv-client/bin/python")
    if not python.is_file():
        pytest.fail(f"There is no Python with the CRDS client at {python}. `make test` installs it.")
    return python


def old_client_python(version: str) -> Path:
    """Return the Python of an environment with an older client, which need not exist."""
    return PROJECT / os.environ.get("CRDS_OLD_CLIENTS", ".venv-clients") / version / "bin" / "python"


def _has_old_clients() -> bool:
    return all(old_client_python(version).is_file() for version in TRIED[:-1])


def _has_program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def find_nginx() -> str | None:
    """Return the program, which Debian keeps out of the PATH of most people, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def find_weed() -> str | None:
    """Return the program of SeaweedFS, which lies beside our Python if its package is installed, or None."""
    return shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))


def _has_history() -> bool:
    """Return whether the repository has the earlier release, which a shallow copy lacks."""
    asked = ["git", "cat-file", "-e", f"{EARLIER_RELEASE}^{{commit}}"]
    return not subprocess.run(asked, cwd=PROJECT, capture_output=True, check=False).returncode


def _has_weed() -> bool:
    return find_weed() is not None


def _has_nginx() -> bool:
    return find_nginx() is not None


def _has_other_disk() -> bool:
    """Return whether `OTHER_DISK` is another file system than that of the tests' own folders."""
    return OTHER_DISK.is_dir() and OTHER_DISK.stat().st_dev != Path(tempfile.gettempdir()).stat().st_dev


def _has_redis() -> bool:
    with contextlib.suppress(OSError), socket.create_connection(REDIS, timeout=1):
        return True
    return False


def _has_postgres() -> bool:
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def find_postgresql() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``, which Debian keeps out of the PATH, or None."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return max((each for each in folders if (each / "initdb").exists()), default=None)


def _has_postgres_programs() -> bool:
    return find_postgresql() is not None


def _has_sqlite() -> bool:
    return not _has_postgres()


def _has_stsynphot() -> bool:
    return "CRDS_SYNPHOT_PYTHON" in os.environ or importlib.util.find_spec("stsynphot") is not None


def _has_pyarrow() -> bool:
    return importlib.util.find_spec("pyarrow") is not None


NEEDS = {
    "chromium": Need("Chromium", "apt-get install chromium", _has_program("chromium")),
    "curl": Need("curl", "apt-get install curl", _has_program("curl")),
    "fiu": Need("fiu-run", "apt-get install fiu-utils", _has_program("fiu-run")),
    "fitsverify": Need("fitsverify", "apt-get install fitsverify", _has_program("fitsverify")),
    "history": Need("the history of the repository", "git fetch --unshallow", _has_history),
    "java": Need("Java", "apt-get install default-jdk-headless", _has_program("javac")),
    "nginx": Need("nginx", "apt-get install nginx-light", _has_nginx),
    "node": Need("Node.js", "apt-get install nodejs", _has_program("node")),
    "old-clients": Need("older clients", "make old-clients", _has_old_clients),
    "other-disk": Need(
        "a second file system", f"TMPDIR=folder on another one than {OTHER_DISK}", _has_other_disk
    ),
    "postgresql": Need("PostgreSQL", "DATABASE_URL=postgresql://user:password@host/name", _has_postgres),
    "postgresql-programs": Need(
        "programs of PostgreSQL", "apt-get install postgresql", _has_postgres_programs
    ),
    "pyarrow": Need(
        "pyarrow", ".venv/bin/pip install --require-hashes -r requirements-parquet.txt", _has_pyarrow
    ),
    "real-data": Need("real rules and files", f"CRDS_TEST_DATA=folder of {ARCHIVES[0]}", has_archives),
    "redis": Need(f"Redis at {REDIS[0]}:{REDIS[1]}", "apt-get install redis-server", _has_redis),
    "sqlite": Need("SQLite", "run it without DATABASE_URL", _has_sqlite),
    "redis-server": Need("redis-server", "apt-get install redis-server", _has_program("redis-server")),
    "weed": Need(
        "SeaweedFS", ".venv/bin/pip install --require-hashes -r requirements-seaweedfs.txt", _has_weed
    ),
    "stilts": Need("stilts", "apt-get install stilts", _has_program("stilts")),
    "stsynphot": Need(
        "stsynphot", ".venv/bin/pip install --require-hashes -r requirements-synphot.txt", _has_stsynphot
    ),
}


def names_in(option: str) -> frozenset[str]:
    """Return the needs of a comma list; ``none`` and an empty text name none."""
    names = frozenset(option.split(",")) - {"", "none"}
    if unknown := sorted(names - set(NEEDS)):
        raise pytest.UsageError(f"--lacking: {', '.join(unknown)} is unknown; known are {', '.join(NEEDS)}")
    return names


def skip_unmet(items: Iterable[pytest.Item], lacking: Collection[str]) -> None:
    """Skip the tests that need what is missing, or what `lacking` says is to be taken as missing."""
    met: dict[str, bool] = {}
    for item in items:
        for name in _needs_of(item):
            if name not in met:
                met[name] = name not in lacking and NEEDS[name].is_met()
            if not met[name]:
                item.add_marker(pytest.mark.skip(reason=PREFIX + name))
                break


def needs_more_than_bare(item: pytest.Item) -> bool:
    """Return whether a test needs something, runs on real rules where they are, or is left to this run."""
    marks = (item.get_closest_marker(name) for name in ("shared_data", "beyond_bare"))
    return any(_needs_of(item)) or any(marks)


def _needs_of(item: pytest.Item) -> Iterator[str]:
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            if name not in NEEDS:
                raise pytest.UsageError(f"{item.nodeid} needs {name!r}; known are {', '.join(NEEDS)}")
            yield name


def table(reasons: Collection[str]) -> list[str]:
    """Return the lines that tell what was skipped: why, how many tests, and how to have it."""
    rows = [("skipped because it needs", "tests", "how to have it")]
    for reason in sorted(set(reasons)):
        need = NEEDS.get(reason.removeprefix(PREFIX))
        count = str(list(reasons).count(reason))
        rows.append((need.what, count, need.remedy) if need else (reason, count, ""))
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{row[0]:{first}}  {row[1]:>{second}}  {row[2]}".rstrip() for row in rows]


def not_permitted(reasons: Iterable[str], permitted: Collection[str]) -> list[str]:
    """Return the reasons of skips other than those that a stage permits."""
    return sorted({reason for reason in reasons if reason.removeprefix(PREFIX) not in permitted})
