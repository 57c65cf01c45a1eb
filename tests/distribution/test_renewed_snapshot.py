"""The snapshot that is renewed after changes says the same as one that is built in full."""

import base64
import json
import random
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.models import Action, AuditRecord, File
from apps.contexts.models import ContextChange, Pointer
from apps.distribution import snapshot, zlib_pieces
from tests.factories.catalog import make_file, sha1

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(days=5)
Tables = Callable[[], list[list[tuple[Any, ...]]]]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zlib_pieces, "PIECE", 4096)


@pytest.fixture
def published(tmp_path: Path) -> Tables:
    """Return a function that gives the rows of both tables as clients get them."""

    def published() -> list[list[tuple[Any, ...]]]:
        path = tmp_path / "published.sqlite3"
        path.write_bytes(zlib.decompress(base64.b64decode(json.loads(snapshot._make()))))
        return rows_of(path)

    return published


@pytest.fixture
def expected(tmp_path: Path) -> Tables:
    """Return a function that gives the rows of both tables of a full build."""

    def expected() -> list[list[tuple[Any, ...]]]:
        path = tmp_path / "expected.sqlite3"
        path.unlink(missing_ok=True)
        snapshot.build(path)
        return rows_of(path)

    return expected


def rows_of(path: Path) -> list[list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        # The names are those of our own tables.
        return [
            database.execute(f"SELECT * FROM crds_jwst_{table} ORDER BY id").fetchall()  # noqa: S608
            for table in ("catalog", "context_history")
        ]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with each full build."""
    built: list[int] = []
    whole = snapshot._built
    monkeypatch.setattr(snapshot, "_built", lambda path: built.append(1) or whole(path))
    return built


def act(chance: random.Random) -> None:
    """Do one of the things by which the published rows change."""
    if chance.random() < 0.2:
        started_at = timezone.now() - timedelta(days=chance.randrange(1000))
        pointer = chance.choice([Pointer.LATEST, Pointer.EDIT])
        ContextChange.objects.create(
            pointer=pointer,
            context=f"jwst_{chance.randrange(100):04}.pmap",
            started_at=started_at,
            reason="?",
        )
        return
    name = f"jwst_miri_dark_{chance.randrange(40):04}.fits"
    known = File.objects.filter(name=name).first()
    if known is None:
        known = make_file(name, **chance.choice([{}, {"size": None}, {"state": "uploaded"}]))
    else:
        known.state = chance.choice(["delivered", "archived", "uploaded"])
        known.size, known.sha1sum = chance.randrange(100), sha1(str(chance.random()).encode())
        known.rejected, known.activated_at = chance.random() < 0.5, chance.choice([None, timezone.now()])
        known.history = "Made by the pipeline. " * chance.choice([0, 1, 50, 500])
        known.save()
    audit.file_changed(known, action=Action.ADD_FILE, user="homer")


@pytest.mark.parametrize("seed", range(12))
def test_after_any_changes_the_rows_are_those_of_a_full_build(
    seed: int, published: Tables, expected: Tables, built: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MOST_GROWTH", 1000)
    chance = random.Random(seed)
    for _ in range(10):
        for _ in range(chance.randrange(5)):
            act(chance)
        assert published() == expected()
    assert len(built) <= 2  # A snapshot from before the first audit record is not renewed.


def test_pages_without_a_changed_row_are_not_packed_again(
    published: Tables, expected: Tables, built: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        make_file(f"jwst_miri_dark_{number:04}.fits", description="A dark of MIRI for the pipeline. " * 10)
    published()
    File.objects.get(name="jwst_miri_dark_0100.fits").save()
    packed: list[bytes] = []
    pack = zlib_pieces._pack
    monkeypatch.setattr(zlib_pieces, "_pack", lambda digest, text: packed.append(text) or pack(digest, text))
    # All rows changed less than a day ago and are read again, but they are equal.
    assert published() == expected()
    assert len(packed) <= 1  # The head of a SQLite file counts the changes.
    assert built == [1]


def test_a_database_with_many_gaps_is_built_in_full(
    published: Tables, expected: Tables, built: list[int]
) -> None:
    files = [make_file(f"jwst_miri_dark_{number:04}.fits", history="x" * 3000) for number in range(60)]
    published()
    File.objects.filter(pk__in=[file.pk for file in files[5:]]).update(state="uploaded")
    assert published() == expected()
    assert built == [1, 1]


def test_a_row_of_a_long_transaction_is_found(published: Tables, expected: Tables) -> None:
    make_file("jwst_miri_dark_0001.fits")
    published()
    make_file("jwst_miri_dark_0002.fits")
    File.objects.update(changed_at=timezone.now() - timedelta(hours=23))
    assert published() == expected()


def test_a_row_that_appeared_without_a_time_makes_a_full_build(
    published: Tables, expected: Tables, built: list[int]
) -> None:
    make_file("jwst_miri_dark_0001.fits")
    published()
    make_file("jwst_miri_dark_0002.fits")
    File.objects.update(changed_at=timezone.now() - LONG_AGO)
    assert published() == expected()
    assert built == [1, 1]


def test_a_database_restored_from_an_older_copy_makes_a_full_build(
    published: Tables, expected: Tables
) -> None:
    first = make_file("jwst_miri_dark_0001.fits")
    audit.file_changed(first, action=Action.ADD_FILE, user="homer")
    published()
    # The restored copy has another file, and other acts.
    AuditRecord.objects.all().delete()
    first.delete()
    other = make_file("jwst_miri_dark_0003.fits")
    File.objects.update(changed_at=timezone.now() - LONG_AGO)
    audit.file_changed(other, action=Action.ADD_FILE, user="marge")
    assert published() == expected()


@pytest.mark.parametrize("kept", [b"", b"x", b"0" * 40 + b"[]\n"])
def test_a_damaged_file_makes_a_full_build(
    kept: bytes, published: Tables, expected: Tables, built: list[int]
) -> None:
    make_file("jwst_miri_dark_0001.fits")
    published()
    snapshot._path().write_bytes(kept)
    assert published() == expected()
    assert built == [1, 1]


def test_a_changed_byte_makes_a_full_build(published: Tables, expected: Tables, built: list[int]) -> None:
    make_file("jwst_miri_dark_0001.fits")
    published()
    content = bytearray(snapshot._path().read_bytes())
    content[-30] ^= 1
    snapshot._path().write_bytes(content)
    assert published() == expected()
    assert built == [1, 1]


def test_a_lost_file_makes_a_full_build(published: Tables, expected: Tables, built: list[int]) -> None:
    make_file("jwst_miri_dark_0001.fits")
    published()
    snapshot._path().unlink()
    assert published() == expected()
    assert built == [1, 1]
