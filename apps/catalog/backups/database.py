"""Consistent copies of the database by its own means: SQLite's backup, or pg_dump of an exported snapshot."""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from apps.catalog.backups.errors import BadBackupError, DatabaseToolError, NotEmptyError
from apps.catalog.backups.layout import PRIVATE, HeldFile
from apps.core.files import sync_file

_HELD = "SELECT name, size, sha1sum FROM catalog_file WHERE held_at IS NOT NULL"


def copy_to(target: Path) -> list[HeldFile]:
    """Write a copy of the database as it is at one moment, and return the files held at that moment.

    Raises
    ------
    DatabaseToolError
        Raised if the copy failed or is damaged.
    """
    target.touch(mode=PRIVATE)
    held = _copy_postgresql(target) if connection.vendor == "postgresql" else _copy_sqlite(target)
    sync_file(target)
    return held


def _copy_sqlite(target: Path) -> list[HeldFile]:
    source = str(connection.settings_dict["NAME"])
    with (
        contextlib.closing(sqlite3.connect(source)) as live,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        live.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # The copy is one file.
        new.create_function("REGEXP", 2, _matches)  # Constraints of our tables use it.
        found = new.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise DatabaseToolError(f"The copy of {source} is damaged: {found}")
        return [HeldFile(*row) for row in new.execute(_HELD)]


def _matches(pattern: str, text: str | None) -> bool:
    return re.search(pattern, text or "") is not None


def _copy_postgresql(target: Path) -> list[HeldFile]:
    wrapper: Any = connection
    parameters = dict(wrapper.get_connection_params())
    # The pool and the time limits of requests would end the transaction in which the dump runs.
    for name in ("pool", "options", "cursor_factory", "context"):
        parameters.pop(name, None)
    with wrapper.Database.connect(**parameters) as live:
        live.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = live.execute("SELECT pg_export_snapshot()").fetchone()[0]
        held = [HeldFile(*row) for row in live.execute(_HELD)]
        arguments = ["--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}"]
        _run("pg_dump", *arguments)
    _run("pg_restore", "--list", str(target))
    return held


def require_restorable(source: Path, *, vendor: str) -> None:
    """Check that `restore_from` can read a copy, before anything is written.

    Raises
    ------
    BadBackupError
        Raised if the copy is of another kind of database.
    DatabaseToolError
        Raised if the program of the database is missing, or cannot read the copy.
    """
    if vendor != connection.vendor:
        raise BadBackupError(
            f"The backup is of {vendor}, and DATABASE_URL names {connection.vendor}; name a {vendor} one."
        )
    if vendor == "postgresql":
        _run("pg_restore", "--list", str(source))


def require_empty() -> None:
    """Refuse to overwrite a database that has rows of a server.

    Raises
    ------
    NotEmptyError
        Raised with what to do.
    """
    if not is_empty():
        raise NotEmptyError(
            "The database already has files or accounts. Restore into an empty one: name another in "
            "DATABASE_URL, or move the old one away."
        )


def is_empty() -> bool:
    """Return whether the database has neither files nor accounts."""
    tables = {"catalog_file", "accounts_user"}.intersection(connection.introspection.table_names())
    return not any(_has_rows(table) for table in tables)


def _has_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")  # noqa: S608 (a name of ours)
        return bool(cursor.fetchone()[0])


def restore_from(source: Path) -> None:
    """Replace the empty database by a copy, as a whole or not at all.

    Raises
    ------
    DatabaseToolError
        Raised if the program of the database failed.
    """
    connection.close()
    getattr(connection, "close_pool", bool)()
    if connection.vendor == "postgresql":
        arguments = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
        name = str(connection.settings_dict["NAME"])
        _run("pg_restore", *arguments, f"--dbname={name}", str(source))
    else:
        _replace_sqlite(source, Path(str(connection.settings_dict["NAME"])))


def _replace_sqlite(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.restored")
    shutil.copyfile(source, part)
    part.chmod(PRIVATE)
    sync_file(part)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    part.replace(target)


def _run(program: str, *arguments: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise DatabaseToolError(f"{program} is not installed; on Debian: apt-get install postgresql-client")
    done = subprocess.run(
        [path, *arguments],
        env={**os.environ, **dict(_environment())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DatabaseToolError(f"{program} failed: {' '.join(done.stderr.split())[:500]}")


def _environment() -> Iterator[tuple[str, str]]:
    """Yield the variables that name the database; a password among the arguments would be public."""
    wanted = connection.settings_dict
    names = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    for variable, key in names.items():
        if wanted[key]:
            yield variable, str(wanted[key])
    for option, variable in (("sslmode", "PGSSLMODE"), ("sslrootcert", "PGSSLROOTCERT")):
        if option in wanted["OPTIONS"]:
            yield variable, str(wanted["OPTIONS"][option])
