"""The blocks that are renewed after changes say the same as blocks that are all made new."""

import gzip
import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.models import Action, AuditRecord, File
from apps.distribution import metadata_blocks
from tests.factories.catalog import make_file, sha1

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata_blocks, "BLOCK", 3)


def published() -> list[tuple[str, Any]]:
    """Return what clients read, in its order."""
    return list(json.loads(gzip.decompress(metadata_blocks.packed_metadata())).items())


def expected() -> list[tuple[str, Any]]:
    """Return the same straight from the rows."""
    rows = File.objects.exclude(state="uploaded").exclude(sha1sum="").exclude(size=None)
    return sorted((row.name, {"size": str(row.size), "sha1sum": row.sha1sum}) for row in rows)


def act(chance: random.Random) -> None:
    """Do one of the things by which the published facts of files change."""
    name = f"jwst_{chance.choice(['miri', 'nircam'])}_dark_{chance.randrange(40):04}.fits"
    known = File.objects.filter(name=name).first()
    if known is None:
        facts: dict[str, Any] = chance.choice([{}, {"size": None}, {"sha1sum": ""}, {"state": "uploaded"}])
        known = make_file(name, **facts)
    else:
        known.size, known.sha1sum = chance.randrange(100), sha1(str(chance.random()).encode())
        known.state = chance.choice(["delivered", "archived", "uploaded"])
        known.save()
    audit.file_changed(known, action=Action.ADD_FILE, user="homer")


def count_full_builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    built: list[int] = []
    whole = metadata_blocks._all
    monkeypatch.setattr(metadata_blocks, "_all", lambda: built.append(1) or whole())
    return built


@pytest.mark.parametrize("seed", range(12))
def test_after_any_changes_the_blocks_equal_blocks_made_new(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, built = random.Random(seed), count_full_builds(monkeypatch)
    for _ in range(12):
        for _ in range(chance.randrange(5)):
            act(chance)
        assert published() == expected()
    assert len(built) <= 2  # Without any file there is no block to renew.


def test_a_change_packs_only_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        make_file(f"jwst_miri_dark_{number:04}.fits")
    long_ago = timezone.now() - timedelta(days=3)
    File.objects.update(changed_at=long_ago)
    published()
    make_file("jwst_miri_dark_0006a.fits")
    packed: list[bytes] = []
    pack = metadata_blocks._pack
    monkeypatch.setattr(metadata_blocks, "_pack", lambda text: packed.append(text) or pack(text))
    assert published() == expected()
    assert sum(b"sha1sum" in text for text in packed) == 1


def test_a_row_of_a_long_transaction_is_found() -> None:
    make_file("jwst_miri_dark_0001.fits")
    published()
    make_file("jwst_miri_dark_0002.fits")
    File.objects.filter(name="jwst_miri_dark_0002.fits").update(
        changed_at=timezone.now() - timedelta(hours=23)
    )
    assert published() == expected()


def test_a_row_that_appeared_without_a_time_makes_all_blocks_new(monkeypatch: pytest.MonkeyPatch) -> None:
    make_file("jwst_miri_dark_0001.fits")
    published()
    make_file("jwst_miri_dark_0002.fits")
    File.objects.update(changed_at=timezone.now() - timedelta(days=5))
    built = count_full_builds(monkeypatch)
    assert published() == expected()
    assert built == [1]


def test_a_database_restored_from_an_older_copy_makes_all_blocks_new() -> None:
    first = make_file("jwst_miri_dark_0001.fits")
    audit.file_changed(first, action=Action.ADD_FILE, user="homer")
    published()
    # The restored copy has another file, and other acts.
    AuditRecord.objects.all().delete()
    first.delete()
    other = make_file("jwst_miri_dark_0003.fits")
    File.objects.update(changed_at=timezone.now() - timedelta(days=5))
    audit.file_changed(other, action=Action.ADD_FILE, user="marge")
    assert published() == expected()


@pytest.mark.parametrize("damage", [b"", b"x", b"0" * 40 + b"[]\n"])
def test_a_damaged_file_makes_all_blocks_new(damage: bytes, data_root: Path) -> None:
    make_file("jwst_miri_dark_0001.fits")
    published()
    (data_root / "published" / "metadata.blocks").write_bytes(damage)
    assert published() == expected()


def test_no_file_at_all_is_an_empty_object() -> None:
    assert published() == [] == published()
