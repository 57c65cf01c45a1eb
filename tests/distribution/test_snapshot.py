"""The SQLite snapshot, unpacked as the client unpacks it."""

import base64
import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apps.contexts.models import ContextChange
from apps.distribution import derived_data, snapshot
from tests.distribution.conftest import Hold

pytestmark = pytest.mark.django_db

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived_data, "_newest", {})


@pytest.fixture
def query(tmp_path: Path) -> Query:
    """Return a function that queries a new snapshot."""

    def query(sql: str) -> list[tuple[Any, ...]]:
        path = tmp_path / "crds_db.sqlite3"
        path.write_bytes(zlib.decompress(base64.b64decode(json.loads(snapshot.sqlite_snapshot()))))
        with closing(sqlite3.connect(path)) as database:
            return database.execute(sql).fetchall()

    return query


def test_there_are_two_tables_and_nothing_else(hold: Hold, query: Query) -> None:
    hold()
    assert query("SELECT type, name FROM sqlite_master ORDER BY name") == [
        ("table", "crds_jwst_catalog"),
        ("table", "crds_jwst_context_history"),
    ]


def test_the_columns_are_in_the_documented_order(query: Query) -> None:
    documented = (
        "id, name, blob, state, blacklisted, rejected, observatory, instrument, filekind, type, "
        "derived_from, sha1sum, delivery_date, activation_date, useafter_date, change_level, pedigree, "
        "reference_file_type, size, uploaded_as, creator_name, deliverer_user, deliverer_email, "
        "description, catalog_link, replaced_by_filename, comment, aperture, history"
    )
    assert [row[1] for row in query("PRAGMA table_info(crds_jwst_catalog)")] == documented.split(", ")
    history = [row[1] for row in query("PRAGMA table_info(crds_jwst_context_history)")]
    assert history == ["id", "name", "start_date", "context", "state", "description"]


def test_a_file_is_a_row_in_its_own_case_without_anybodys_address(hold: Hold, query: Query) -> None:
    hold(
        "jwst_miri_flat_0001.fits",
        b"0123456789",
        description="New FLAT",
        rejected=True,
        deliverer="homer",
        deliverer_email="homer@example.org",
        useafter_at=datetime(2020, 1, 2, 3, 4, 5, 600000, tzinfo=UTC),
    )
    sql = (
        "SELECT name, type, size, rejected, blacklisted, description, deliverer_user, deliverer_email, "
        "useafter_date, activation_date, instrument, filekind FROM crds_jwst_catalog"
    )
    assert query(sql) == [
        (
            *("jwst_miri_flat_0001.fits", "reference", 10, 1, 0, "New FLAT", "homer", ""),
            *("2020-01-02 03:04:05.600000", None, "miri", "flat"),
        )
    ]


def test_an_era_is_a_row_and_other_pointers_are_not(query: Query) -> None:
    for pointer, year in (("latest", 2022), ("edit", 2021), ("latest", 2020)):
        ContextChange.objects.create(
            pointer=pointer,
            context=f"jwst_{year}.pmap",
            started_at=datetime(year, 1, 1, tzinfo=UTC),
            user="homer",
            reason="Why",
        )
    sql = "SELECT name, start_date, context, state, description FROM crds_jwst_context_history"
    assert query(sql) == [
        ("", "2020-01-01 00:00:00", "jwst_2020.pmap", "latest", "Why"),
        ("", "2022-01-01 00:00:00", "jwst_2022.pmap", "latest", "Why"),
    ]


def test_even_an_empty_server_has_a_row_in_each_table(query: Query) -> None:
    assert query("SELECT id, name, size FROM crds_jwst_catalog") == [(0, "", None)]
    assert query("SELECT * FROM crds_jwst_context_history") == [(0, "", "", "", "", "")]


def test_more_rows_than_one_batch_all_arrive(
    hold: Hold, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "BATCH", 2)
    for number in range(5):
        hold(f"jwst_000{number}.pmap", b"x")
    assert query("SELECT count(*) FROM crds_jwst_catalog") == [(5,)]


def test_no_temporary_file_remains(hold: Hold, data_root: Path) -> None:
    hold()
    before = {path.name for path in data_root.iterdir()}
    snapshot.sqlite_snapshot()
    assert {path.name for path in data_root.iterdir()} - before <= {"published"}
