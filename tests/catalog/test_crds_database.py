"""The database of a cache: its facts are imported, and anything else in it does no harm."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.catalog import crds_database
from apps.catalog.crds_database import NAME, read_database
from apps.catalog.models import File
from apps.distribution.snapshot import build
from tests.factories.catalog import make_cache, make_file, sha1
from tests.factories.sites import make_content

pytestmark = pytest.mark.django_db

REFERENCE = "jwst_miri_flat_0001.fits"
CONTENT = b"any bytes"


def database(root: Path) -> Path:
    path = root / "config" / "jwst" / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write(root: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database(root))) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_what_our_own_server_publishes_is_read(tmp_path: Path) -> None:
    make_file(
        REFERENCE, content=CONTENT, description="Better corners.", creator="Edna", deliverer="homer",
        delivered_at=datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC), pedigree="GROUND", change_level="trivial",
    )  # fmt: skip
    build(database(tmp_path))
    known = read_database(tmp_path, observatory="jwst")
    assert known.problem == ""
    told = known.columns(REFERENCE, sha1(CONTENT))
    assert told["description"] == "Better corners."
    assert (told["creator"], told["deliverer"], told["pedigree"]) == ("Edna", "homer", "GROUND")
    assert (told["delivered_at"], told["change_level"]) == (
        datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC),
        "trivial",
    )
    assert known.columns(REFERENCE, sha1(b"other bytes")) == {}


def test_an_import_takes_descriptions_creators_and_dates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_cache(tmp_path, files={REFERENCE: CONTENT})
    call_command("import_cache", str(root))
    guessed = File.objects.get(name=REFERENCE).delivered_at
    write(
        root,
        "CREATE TABLE crds_jwst_catalog (name, creator_name, deliverer_user, description, delivery_date)",
        "INSERT INTO crds_jwst_catalog"
        " VALUES ('jwst_miri_flat_0001.fits', 'Edna', 'homer', 'Better.', '2001-02-03 04:05:06')",
    )
    File.objects.update(registered_at=datetime(2019, 1, 1, tzinfo=UTC))
    for _ in range(2):
        call_command("import_cache", str(root))
        row = File.objects.get(name=REFERENCE)
        assert (row.creator, row.deliverer, row.description) == ("Edna", "homer", "Better.")
        assert row.delivered_at == datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC) < guessed
        assert row.registered_at.year == 2019, "an old row is not new again"
    File.objects.all().delete()
    call_command("import_cache", str(root))
    new = File.objects.get(name=REFERENCE)
    assert new.delivered_at == row.delivered_at
    assert timezone.now() - new.registered_at < timedelta(hours=1)


def test_the_headers_of_held_references_are_read(tmp_path: Path) -> None:
    content = make_content(useafter="2021-08-01")
    root = make_cache(tmp_path, files={REFERENCE: content})
    call_command("import_cache", str(root))
    row = File.objects.get(name=REFERENCE)
    assert row.useafter_at == datetime(2021, 8, 1, tzinfo=UTC)
    assert row.pedigree
    assert row.creator


HOSTILE = {
    "no database": None,
    "other table": "CREATE TABLE x (name)",
    "no names": "CREATE TABLE crds_jwst_catalog (title)",
    "a view that never ends": (
        "CREATE VIEW crds_jwst_catalog AS "
        "WITH RECURSIVE n(name) AS (SELECT 'a' UNION ALL SELECT name FROM n) SELECT name FROM n"
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_database_that_is_none_is_named_and_hinders_nothing(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_cache(tmp_path, files={REFERENCE: CONTENT})
    if statement := HOSTILE[kind]:
        write(root, statement)
    else:
        database(root).write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    call_command("import_cache", str(root))
    assert f"not taken: {NAME}: cannot be read to its end" in capsys.readouterr().out
    assert File.objects.get(name=REFERENCE).is_held


def test_a_damaged_page_keeps_what_was_read_before_it(tmp_path: Path) -> None:
    write(tmp_path, "CREATE TABLE crds_jwst_catalog (name, description)")
    with closing(sqlite3.connect(database(tmp_path))) as connection, connection:
        rows = [(f"a_{number}.fits", "x" * 100) for number in range(2000)]
        connection.executemany("INSERT INTO crds_jwst_catalog VALUES (?, ?)", rows)
    content = bytearray(database(tmp_path).read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    database(tmp_path).write_bytes(content)
    known = read_database(tmp_path, observatory="jwst")
    assert "cannot be read to its end" in known.problem


def test_a_database_that_is_too_large_or_takes_too_long_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "CREATE TABLE crds_jwst_catalog (name)")
    with closing(sqlite3.connect(database(tmp_path))) as connection, connection:
        connection.executemany("INSERT INTO crds_jwst_catalog VALUES (?)", [("a.fits",)] * 1000)
    monkeypatch.setattr(crds_database, "MOST_SECONDS", -1.0)
    monkeypatch.setattr(crds_database, "_STEPS", 10)
    assert "interrupted" in read_database(tmp_path, observatory="jwst").problem
    monkeypatch.setattr(crds_database, "MOST_BYTES", 100)
    assert "at most 100 are read" in read_database(tmp_path, observatory="jwst").problem


@pytest.mark.parametrize("value", ["NULL", "12.5", "x'ff00'", "'none'", "' '", "char(0)"])
def test_what_is_no_text_is_left_out(value: str, tmp_path: Path) -> None:
    write(
        tmp_path,
        "CREATE TABLE crds_jwst_catalog (name, description, delivery_date, sha1sum)",
        "INSERT INTO crds_jwst_catalog VALUES ('jwst_miri_flat_0001.fits', ?, ?, ?)".replace("?", value),
        "INSERT INTO crds_jwst_catalog VALUES ('../x.fits', 'a', 'b', 'c')",
        "INSERT INTO crds_jwst_catalog VALUES (NULL, 'a', 'b', 'c')",
    )
    known = read_database(tmp_path, observatory="jwst")
    assert (known.problem, known.files) == ("", {REFERENCE: ("", {})})


def test_nothing_is_written_beside_the_database(tmp_path: Path) -> None:
    write(tmp_path, "CREATE TABLE crds_jwst_catalog (name)")
    before = database(tmp_path).read_bytes()
    database(tmp_path).chmod(0o400)
    read_database(tmp_path, observatory="jwst")
    assert database(tmp_path).read_bytes() == before
    assert [path.name for path in database(tmp_path).parent.iterdir()] == [NAME]
