import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from apps.catalog import operations, queries, storage
from apps.catalog.errors import BadNameError, DamagedFileError, NameTakenError
from apps.catalog.models import Action, AuditRecord, File
from apps.catalog.reading import load_bytes
from tests.factories.catalog import make_file, sha1

pytestmark = pytest.mark.django_db


def add(content: bytes = b"text", name: str = "jwst_miri_dark_0001.fits", **options: Any) -> File:
    return operations.add_file(io.BytesIO(content), name=name, user="tester", **options)


def test_an_added_file_is_stored_catalogued_and_audited() -> None:
    file = add(why="Because.", description="New dark.")
    assert load_bytes(queries.get_file(file.name)) == b"text"
    assert (file.kind, file.instrument, file.filekind) == ("reference", "miri", "dark")
    assert (file.size, file.sha1sum, file.description) == (4, sha1(b"text"), "New dark.")
    record = AuditRecord.objects.get()
    assert (record.action, record.user, record.filename, record.why) == (
        "add file", "tester", file.name, "Because.",
    )  # fmt: skip


def test_a_path_may_be_added(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"text")
    assert operations.add_file(tmp_path / "x", name="a.fits", user="tester").size == 4


def test_adding_the_same_bytes_again_changes_nothing() -> None:
    first, again = add(), add()
    assert first.pk == again.pk
    assert AuditRecord.objects.count() == 1


def test_a_name_is_never_given_to_other_bytes() -> None:
    add()
    with pytest.raises((NameTakenError, DamagedFileError), match="jwst_miri_dark_0001"):
        add(b"other")
    with pytest.raises(NameTakenError):
        add(b"other", expected_sha1sum=sha1(b"other"))
    assert load_bytes(queries.get_file("jwst_miri_dark_0001.fits")) == b"text"


def test_a_catalogued_name_takes_only_the_catalogued_bytes() -> None:
    make_file("a.fits", size=4, sha1sum=sha1(b"text"))
    with pytest.raises(DamagedFileError):
        add(b"other", "a.fits")
    assert not storage.path_of("a.fits").exists()
    assert add(b"text", "a.fits").is_held


def test_wrong_bytes_leave_neither_file_nor_row() -> None:
    with pytest.raises(DamagedFileError):
        add(expected_sha1sum="0" * 40)
    assert not File.objects.exists()
    assert not list(storage.stored_names())


@pytest.mark.parametrize("name", ["../a.fits", "a.exe", "", "a b.fits"])
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(BadNameError):
        add(name=name)
    assert not File.objects.exists()


def test_a_kill_between_bytes_and_row_is_completed_by_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: Any, **__: Any) -> File:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(operations, "_register", die)
        with pytest.raises(KeyboardInterrupt):
            add()
    assert storage.path_of("jwst_miri_dark_0001.fits").exists()
    assert add().is_held


def test_unclaimed_bytes_block_a_name_for_an_hour_only(data_root: Path) -> None:
    path = storage.path_of("a.fits")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"left by a kill")
    with pytest.raises(NameTakenError):
        add(name="a.fits")
    os.utime(path, (0, 0))
    assert load_bytes(add(name="a.fits")) == b"text"
    assert [one.read_bytes() for one in data_root.glob("unclaimed/*")] == [b"left by a kill"]


def test_a_held_row_needs_its_checksum() -> None:
    with pytest.raises(IntegrityError):
        make_file("a.fits", sha1sum="", held_at="2020-01-01T00:00:00Z")


def test_an_act_that_no_list_knows_is_refused() -> None:
    AuditRecord(action=Action.TAINT, user="tester").full_clean()
    with pytest.raises(ValidationError, match="'dance' is not a valid choice"):
        AuditRecord(action="dance", user="tester").full_clean()
