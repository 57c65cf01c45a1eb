"""An archive in a view of its own database: its answers, and each way in which it can fail."""

import os
import secrets
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.bestrefs.queries import aui_best_references, best_references_by_ids, dataset_headers
from apps.core.postgresql.breaker import Breaker
from apps.core.readiness import PartNotReadyError
from apps.datasets.archive_view import archive as view_archive
from apps.datasets.archive_view import database
from apps.datasets.errors import ArchiveFailedError
from apps.datasets.parts import archive
from apps.datasets.queries import answers_of, headers_of, ids_of_instrument
from crds_server import env
from tests.factories.datasets import publish_context

pytestmark = pytest.mark.django_db

COLUMNS = {
    "instrument": "INSTRUME",
    "detector": "DETECTOR",
    "deadcorr": "DEADCORR",
    "day": "DATE-OBS",
    "moment": "TIME-OBS",
}
MAKE = (
    "CREATE TABLE observed (asn text, root text, instrument text, detector text, deadcorr text, "
    "day date, moment text)"
)
ADD = "INSERT INTO observed VALUES (?, ?, ?, ?, ?, ?, ?)"
VIEW = "CREATE VIEW exposures AS SELECT * FROM observed"
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))
ON_POSTGRESQL = pytest.mark.parametrize("source", [POSTGRESQL], indirect=True)
ROWS = [
    ("LB4Q04010", "LB4Q04ABQ", "COS", "FUV", "PERFORM", "2010-05-06", "12:00:00"),
    ("LB4Q04010", "LB4Q04ACQ", "COS", "NUV", None, "2012-05-06", "12:00:00"),
    ("lb4q05010", "lb4q05abq", "cos", "FUV", "PERFORM", "2010-05-06", "12:00:00"),
    ("J00000010", "J00000010", "ACS", "WFC", None, "2010-05-06", "12:00:00"),
]


class Source:
    """A database of an archive, to which a test adds rows."""

    def __init__(self, address: str) -> None:
        self.address = address

    def run(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        if self.address.startswith("sqlite"):
            with closing(sqlite3.connect(self.address.removeprefix("sqlite:///"))) as opened, opened:
                for sql, values in statements:
                    opened.execute(sql, values)
            return
        with psycopg.connect(self.address) as opened:
            for sql, values in statements:
                opened.execute(sql.replace("?", "%s").encode(), values)

    def add(self, *rows: tuple[Any, ...]) -> None:
        self.run(*((ADD, row) for row in rows))


@pytest.fixture(params=["sqlite", POSTGRESQL])
def source(request: Any, tmp_path: Path, settings: Any, monkeypatch: Any) -> Iterator[Source]:
    monkeypatch.setattr(database, "_breaker", Breaker())
    settings.OBSERVATORY = "hst"
    settings.ARCHIVE = "apps.datasets.archive_view.archive.ViewArchive"
    settings.ARCHIVE_VIEW, settings.ARCHIVE_VIEW_IDS = "exposures", ["asn", "root"]
    settings.ARCHIVE_VIEW_COLUMNS = COLUMNS
    name = f"crds_archive_view_{secrets.token_hex(4)}"
    server = os.environ.get("DATABASE_URL", "").rpartition("/")[0]
    if request.param == "sqlite":
        settings.ARCHIVE_DATABASE_URL = f"sqlite:///{tmp_path}/archive.sqlite3"
    else:
        settings.ARCHIVE_DATABASE_URL = f"{server}/{name}"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as opened:
            opened.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        made = Source(settings.ARCHIVE_DATABASE_URL)
        made.run((MAKE, ()), (VIEW, ()))
        made.add(*ROWS)
        yield made
    finally:
        if request.param != "sqlite":
            with psycopg.connect(f"{server}/postgres", autocommit=True) as opened:
                opened.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def failure(text: str) -> str:
    found = answers_of([text])[text]
    assert isinstance(found, ArchiveFailedError)
    return str(found)


def test_the_view_answers_as_the_table_does(source: Source) -> None:
    assert ids_of_instrument("cos") == [
        "LB4Q04010:LB4Q04ABQ",
        "LB4Q04010:LB4Q04ACQ",
        "LB4Q05010:LB4Q05ABQ",
    ]
    assert ids_of_instrument("cos", since=datetime(2012, 5, 6, 12, tzinfo=UTC)) == ["LB4Q04010:LB4Q04ACQ"]
    found = headers_of(["lb4q04010", "LB4Q05ABQ", "LB4Q04010:LB4Q04ACQ", "NONE00010", "%"])
    assert [len(found[text]) for text in found] == [2, 1, 1, 0, 0]
    assert found["LB4Q04010:LB4Q04ACQ"]["LB4Q04010:LB4Q04ACQ"] == {
        "INSTRUME": "COS",
        "DETECTOR": "NUV",
        "DATE-OBS": "2012-05-06",
        "TIME-OBS": "12:00:00",
    }


def test_a_database_that_is_away_gives_each_id_the_reason(source: Source, settings: Any) -> None:
    context = publish_context()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.ARCHIVE_DATABASE_URL = f"postgresql://x@127.0.0.1:{closed.getsockname()[1]}/x"
        ids = ["LB4Q04010:LB4Q04ABQ", "LB4Q05010"]
        reason = f"NOT FOUND {database.AWAY}"
        assert best_references_by_ids(context, ids) == {text: [False, reason] for text in ids}
        assert aui_best_references(context, ids) == {text: [False, reason] for text in ids}
        assert set(dataset_headers(context, ids).values()) == {reason}
        with pytest.raises(ArchiveFailedError):
            ids_of_instrument("cos")


def test_an_answer_that_breaks_off_keeps_what_was_answered(source: Source, monkeypatch: Any) -> None:
    monkeypatch.setattr(view_archive, "_IDS_PER_QUESTION", 1)
    whole = view_archive.asking

    def once(view: Any) -> Any:
        class Broken:
            def __enter__(self) -> Any:
                self.inner = whole(view)
                ask, calls = self.inner.__enter__(), iter([True])

                def answer(sql: str, values: Any) -> Any:
                    if not next(calls, False):
                        raise ArchiveFailedError(database.LOST)
                    return ask(sql, values)

                return answer

            def __exit__(self, *raised: Any) -> Any:
                return self.inner.__exit__(*raised)

        return Broken()

    monkeypatch.setattr(view_archive, "asking", once)
    found = answers_of(["LB4Q04ABQ", "LB4Q04ACQ"])
    answered, failed = sorted(found.values(), key=lambda each: isinstance(each, ArchiveFailedError))
    assert len(answered) == 1  # type: ignore[arg-type]
    assert str(failed) == database.LOST


def test_a_slow_database_is_left_after_the_time(source: Source, settings: Any) -> None:
    settings.ARCHIVE_VIEW_SECONDS = 1
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    empty = ", ".join(f"'' AS {name}" for name in COLUMNS)
    settings.ARCHIVE_VIEW = "endless"
    columns = f"CAST(i AS text) AS asn, CAST(i AS text) AS root, {empty}"
    source.run((f"CREATE VIEW endless AS {endless} SELECT {columns} FROM n", ()))  # noqa: S608
    assert failure("LB4Q04010") == "The archive did not answer within 1 seconds."


@ON_POSTGRESQL
def test_a_server_that_accepts_and_never_speaks_is_left_after_the_time(source: Source, settings: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.ARCHIVE_DATABASE_URL = f"postgresql://x@127.0.0.1:{silent.getsockname()[1]}/x"
        assert failure("LB4Q04010") == database.AWAY


def test_more_rows_than_allowed_are_refused_as_a_whole(source: Source, settings: Any) -> None:
    settings.ARCHIVE_VIEW_ROWS = 2
    with pytest.raises(ArchiveFailedError, match="more than 2 rows"):
        ids_of_instrument("cos")
    settings.ARCHIVE_VIEW_ROWS = 3
    assert len(ids_of_instrument("cos")) == 3


def test_rows_that_cannot_be_used_are_said(source: Source) -> None:
    source.add(("LB4Q06010", "LB4Q06ABQ", None, "FUV", None, "2010-05-06", "12:00:00"))
    source.add((*ROWS[0][:3], "NUV", *ROWS[0][4:]))
    assert "no instrument for LB4Q06010:LB4Q06ABQ" in failure("LB4Q06ABQ")
    assert "several rows for LB4Q04010:LB4Q04ABQ" in failure("LB4Q04ABQ")
    assert list(headers_of(["LB4Q04ACQ"])["LB4Q04ACQ"]) == ["LB4Q04010:LB4Q04ACQ"]
    source.add((None, "LB4Q07ABQ", "COS", "FUV", None, "2010-05-06", "12:00:00"))
    with pytest.raises(ArchiveFailedError, match="without a usable id"):
        ids_of_instrument("cos")


def test_a_refusal_tells_nothing_of_the_database(source: Source, settings: Any, caplog: Any) -> None:
    settings.ARCHIVE_VIEW_COLUMNS = {**COLUMNS, "secret_column": "CCDAMP"}
    assert failure("LB4Q04010") == database.REFUSED
    assert "secret_column" in caplog.text


def test_nothing_can_be_written(source: Source) -> None:
    with view_archive.asking(view_archive.describe()) as ask, pytest.raises(ArchiveFailedError):
        list(ask("DELETE FROM observed", ()))
    assert len(ids_of_instrument("cos")) == 3


@ON_POSTGRESQL
def test_a_cut_connection_is_an_answer_that_broke_off(source: Source) -> None:
    with view_archive.asking(view_archive.describe()) as ask:
        rows = ask("SELECT root FROM observed, generate_series(1, 100000)", ())
        next(rows)
        source.run(
            ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crds'", ())
        )
        with pytest.raises(ArchiveFailedError, match="broke off"):
            list(rows)
    assert threading.active_count() < 20


def test_a_description_without_the_instrument_prevents_a_start(source: Source, settings: Any) -> None:
    assert archive() == "view exposures, 5 columns"
    settings.ARCHIVE_VIEW_COLUMNS = {"detector": "DETECTOR"}
    with pytest.raises(PartNotReadyError, match="INSTRUME"):
        archive()


def test_settings_that_do_not_fit_together_are_refused(monkeypatch: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="ARCHIVE_VIEW must be set too"):
        env.require_with("ARCHIVE_DATABASE_URL", "sqlite:///x", ARCHIVE_VIEW="")
    monkeypatch.setenv("PAIRS", "a=B,\n c = D-E\n")
    assert env.pairs("PAIRS", "", r"(\w+) *= *([A-Z-]+)") == {"a": "B", "c": "D-E"}
    monkeypatch.setenv("PAIRS", 'a"; DROP TABLE x=B')
    with pytest.raises(ImproperlyConfigured):
        env.pairs("PAIRS", "", r"(\w+) *= *([A-Z-]+)")
