"""Data roots with their databases: each kind is filled once in a run of the suite, then copied."""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.scratch import scratch

PROJECT = Path(__file__).resolve().parent.parent


def manage(environment: dict[str, str], *arguments: str, check: bool = True) -> str:
    """Run a management command and return its output, both streams."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def environment_for(
    observatory: str, root: Path, database_url: str, *, definition: Path | None = None
) -> dict[str, str]:
    """Return what every process needs that works on a data root.

    Parameters
    ----------
    definition
        The file that defines the observatory, unless it comes with us.
    """
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CRDS_")},
        "OBSERVATORY": observatory,
        "DATA_ROOT": str(root),
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "crds_server.settings",
        "HEARTBEAT_SECONDS": "1",
        "SERVER_STRING": _server_string(root),
        **({"OBSERVATORY_FILE": str(definition)} if definition else {}),
    }


def _server_string(root: Path) -> str:
    """Return a name that each root has for itself: servers that share a broker get queues of their own."""
    return f"test-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"


def _rename(root: Path, template: Path, database_url: str) -> None:
    """Give a copied root the name that its server will have; the real command takes a second each time."""
    old, new = _server_string(template.with_suffix(".unfinished")), _server_string(root)
    marker = root / "store" / "server.json"
    marker.write_text(marker.read_text().replace(old, new))
    statement = f"UPDATE catalog_installation SET server_string = '{new}'"  # noqa: S608 (both are our own)
    if database_url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(root / "crds.sqlite3")) as connection, connection:
            connection.execute(statement)
    else:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def filled_root(
    observatory: str, root: Path, *, fill: tuple[str, ...] = (), definition: Path | None = None
) -> Iterator[str]:
    """Make a data root such as one management command leaves behind on a fresh server.

    Yields the address of its database, which has all tables; PostgreSQL's ends with the block.
    """
    template = _template(observatory, fill, definition)
    shutil.copytree(template, root, dirs_exist_ok=True)
    if not _postgres():
        _rename(root, template, _sqlite(root))
        yield _sqlite(root)
        return
    name = f"crds_live_{observatory}_{secrets.token_hex(4)}"
    _run_sql(f'CREATE DATABASE "{name}" TEMPLATE "{_database_of(template)}"')
    try:
        _rename(root, template, _address(name))
        yield _address(name)
    finally:
        _run_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def forget_templates() -> None:
    """End the databases that were only copied; the folders end with the run's scratch folder."""
    for lock in _templates().glob("*.lock"):
        if _postgres():
            _run_sql(f'DROP DATABASE IF EXISTS "{_database_of(lock)}"')


def _template(observatory: str, fill: tuple[str, ...], definition: Path | None) -> Path:
    """Return a filled data root that nobody works on: the first who asks fills it while the others wait."""
    folder = _templates() / hashlib.sha256(json.dumps([observatory, *fill]).encode()).hexdigest()[:16]
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fill(folder, observatory, fill, definition)
    return folder


def _fill(folder: Path, observatory: str, fill: tuple[str, ...], definition: Path | None) -> None:
    """Fill a folder beside the wanted one and rename it: one of that name is always complete."""
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    address = _sqlite(unfinished)
    if _postgres():
        name = _database_of(folder)
        _run_sql(f'DROP DATABASE IF EXISTS "{name}"')
        _run_sql(f'CREATE DATABASE "{name}"')
        address = _address(name)
    environment = environment_for(observatory, unfinished, address, definition=definition)
    manage(environment, "migrate", "--verbosity", "0")
    if fill:
        manage(environment, *fill)
    unfinished.rename(folder)


def _templates() -> Path:
    return scratch() / "filled"


def _postgres() -> str:
    """Return the address of the server that DATABASE_URL names, or nothing."""
    given = os.environ.get("DATABASE_URL", "")
    return given if given.startswith("postgres") else ""


def _database_of(template: Path) -> str:
    """Return the name of a template's database; another run of the suite has others."""
    run = hashlib.sha256(str(template.parent).encode()).hexdigest()[:8]
    return f"crds_filled_{run}_{template.stem}"


def _address(database: str) -> str:
    return urlsplit(_postgres())._replace(path=f"/{database}").geturl()


def _sqlite(root: Path) -> str:
    return f"sqlite:///{root}/crds.sqlite3"


def _run_sql(statement: str) -> None:
    with psycopg.connect(_postgres(), autocommit=True) as connection:
        connection.execute(statement)
