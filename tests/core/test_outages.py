"""Answers while the database or the disk does not work, and after it is back."""

import errno
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import (
    DatabaseError,
    DataError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    transaction,
)
from django.test import Client

from apps.core.outages import BUSY, DATABASE, DISK, Outage, find_outage
from apps.core.postgresql.timed_question import require_answer
from apps.locks.models import Lock
from tests.factories.accounts import logged_in, make_token, make_user
from tests.factories.catalog import make_file
from tests.factories.contexts import make_context
from tests.factories.cut_connections import cut_all_connections
from tests.factories.races import at_once
from tests.factories.rpc import call, failed
from tests.patience import HANG
from tests.roots import PROJECT


def caused(error: DatabaseError, cause: Exception) -> DatabaseError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (OperationalError("database or disk is full"), DISK),
        (OperationalError("attempt to write a readonly database"), DISK),
        (OperationalError("disk I/O error"), DISK),
        (OperationalError("database is locked"), BUSY),
        (caused(OperationalError("x"), psycopg.errors.LockNotAvailable()), BUSY),
        (caused(OperationalError("x"), psycopg.errors.DiskFull()), DISK),
        (caused(OperationalError("x"), psycopg.errors.AdminShutdown()), DATABASE),
        (caused(OperationalError("x"), psycopg.OperationalError("connection refused")), DATABASE),
        (caused(InternalError("x"), psycopg.errors.IdleInTransactionSessionTimeout()), BUSY),
        (caused(InternalError("x"), psycopg.errors.InFailedSqlTransaction()), None),
        (OSError(errno.ENOSPC, "No space left on device"), DISK),
        (OSError(errno.EROFS, "Read-only file system"), DISK),
        (OSError(errno.ENOENT, "No such file"), None),
        (OperationalError("no such table: x"), None),
        (DataError("x"), None),
        (ValueError("x"), None),
        (None, None),
    ],
)
def test_an_outage_is_told_from_a_fault(error: Any, outage: Outage | None) -> None:
    assert find_outage(error) is outage


def fail(*_: Any, **__: Any) -> Any:
    raise OperationalError("database or disk is full")


@pytest.mark.django_db
def test_a_page_that_cannot_write_is_503_and_says_whose_matter_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = logged_in()
    monkeypatch.setattr("apps.submissions.uploads.views.ingest_area.files_of", fail)
    page = browser.get("/upload/")
    assert (page.status_code, page["Retry-After"]) == (503, "5")
    assert "full or cannot be written" in page.text
    assert "a matter for the operators" in page.text
    listing = browser.get("/upload/list/")
    assert listing.status_code == 503


@pytest.mark.django_db
def test_a_call_that_cannot_write_tells_the_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.contexts.queries.resolve", fail)
    assert "The disk of this server is full" in failed("get_default_context", "jwst")


@pytest.mark.django_db
def test_a_page_is_shown_although_the_lock_cannot_be_prolonged(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = logged_in(instrument="miri")
    monkeypatch.setattr("apps.locks.middleware.touch", fail)
    assert browser.get("/locks/").status_code == 200
    assert Lock.objects.exists()


@pytest.mark.django_db
def test_a_program_reads_although_the_use_of_its_token_cannot_be_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, text = make_token(make_user())
    monkeypatch.setattr("django.db.models.query.QuerySet.update", fail)
    answer = Client().get("/upload/list/", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 200


@pytest.fixture
def database_goes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function after which every statement fails as without a database."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise OperationalError("connection refused")

    return lambda: monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", refuse)


@pytest.mark.django_db
def test_rules_and_files_are_read_without_a_database(database_goes: Callable[[], None]) -> None:
    make_context()
    make_file("jwst_miri_dark_0001.fits", content=b"SIMPLE")
    question = ("jwst_0001.pmap", {"META.INSTRUMENT.NAME": "MIRI", "META.INSTRUMENT.DETECTOR": "DET0"})
    before = call("get_best_references", *question)
    database_goes()
    assert call("get_best_references", *question) == before
    for address in ("/unchecked_get/references/jwst/jwst_miri_dark_0001.fits", "/get/jwst_0001.pmap"):
        answer = Client().get(address)
        assert answer.status_code == 200, address
        content = b"".join(answer.streaming_content)  # type: ignore[arg-type]
        assert content.startswith((b"SIMPLE", b"header"))
    assert Client().get("/get/jwst_0099.pmap").status_code == 503
    assert "database of this server does not answer" in failed("get_default_context", "jwst")


ASK = """
import json
from django.test import Client
from psycopg_pool import ConnectionPool
asked, getconn, found = [], ConnectionPool.getconn, {}
ConnectionPool.getconn = lambda pool, timeout=None: asked.append(pool) or getconn(pool, timeout)
for path in json.loads(PATHS):
    asked.clear()
    answer = Client(raise_request_exception=False).get(path, headers={"Host": "localhost"})
    found[path] = [answer.status_code, len(asked), answer.content.decode()[:20000]]
print("FOUND", json.dumps(found))
"""


def asked(url: str, *paths: str) -> dict[str, Any]:
    """Return status, waits for a connection and text of pages of a server with this database."""
    code = f"PATHS = {json.dumps(list(paths))!r}\n{ASK}"
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    found = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", code],
        cwd=PROJECT,
        # The settings of the suite need no collected folder of static files.
        env=kept | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url, "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    lines = [line for line in found.stdout.splitlines() if line.startswith("FOUND ")]
    assert lines, found.stdout + found.stderr
    return dict(json.loads(lines[0].removeprefix("FOUND ")))


def test_without_a_database_pages_say_so_soon_and_the_server_lives() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = asked(f"postgresql://a:b@127.0.0.1:{port}/c", "/recent_activity/", "/healthz", "/robots.txt")
    status, waits, text = found["/recent_activity/"]
    assert status == 503, text
    assert "The database of this server does not answer now" in text
    assert waits == 1, "it waited for the pool again and again"
    assert [found[path][0] for path in ("/healthz", "/robots.txt")] == [200, 200]


def fill_pool(count: int) -> None:
    """Make the pool keep several connections, as after a busy minute."""
    everybody_has_one = threading.Barrier(count)

    def use() -> None:
        connection.ensure_connection()
        everybody_has_one.wait(HANG)

    assert at_once([use] * count) == [None] * count


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_after_a_restart_of_the_database_no_call_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(connection.pool, "timeout", HANG)
    dead: list[object] = []

    def count_dead(asked: Any, seconds: float) -> None:
        try:
            require_answer(asked, seconds)
        except psycopg.OperationalError:
            dead.append(asked)
            raise

    monkeypatch.setattr("apps.core.postgresql.pool.require_answer", count_dead)
    call("system.describe")
    call("list_mappings", "jwst")
    for restarts in range(1, 4):
        fill_pool(8)
        cut_all_connections()
        connection.close()  # As at the end of a request: the broken connection goes back to the pool.
        assert call("list_mappings", "jwst") == []
        # The pool would look at one broken connection after the other, and pause longer after each.
        assert len(dead) == restarts


@transaction.atomic
def look_twice_in_a_transaction() -> None:
    assert not Lock.objects.exists()
    cut_all_connections()
    Lock.objects.exists()


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_read_whose_connection_is_lost_is_repeated_but_not_in_a_transaction() -> None:
    assert not Lock.objects.exists()
    cut_all_connections()
    assert not Lock.objects.exists()
    with pytest.raises((OperationalError, InterfaceError)):
        look_twice_in_a_transaction()
    assert not Lock.objects.exists()


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_write_whose_connection_is_lost_is_not_repeated() -> None:
    connection.ensure_connection()
    cut_all_connections()
    with pytest.raises((OperationalError, InterfaceError)):
        Lock.objects.all().delete()
    connection.close()


def test_a_full_disk_of_sqlite_is_an_outage(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "full.sqlite3") as database:
        database.execute("CREATE TABLE a (b TEXT)")
        database.execute("PRAGMA max_page_count = 3")
        rows = [("x" * 4000,)] * 100
        with pytest.raises(sqlite3.OperationalError) as caught:
            database.executemany("INSERT INTO a VALUES (?)", rows)
    database.close()
    assert find_outage(OperationalError(str(caught.value))) is DISK
