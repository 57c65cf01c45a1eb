import os
from pathlib import Path

import pytest

from apps.catalog import queries, storage
from apps.catalog.models import AuditRecord
from apps.catalog.pipeline.sweep import sweep
from tests.factories.catalog import CONTENT, make_file

pytestmark = pytest.mark.django_db


def leave(name: str, content: bytes) -> Path:
    storage.prepare()
    path = storage.path_of(name)
    path.write_bytes(content)
    return path


def test_a_row_whose_bytes_are_here_is_completed() -> None:
    make_file("a.fits")
    leave("a.fits", CONTENT)
    assert sweep(user="tester").completed == ("a.fits",)
    assert queries.get_file("a.fits").is_held
    assert AuditRecord.objects.get().action == "complete file"


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT.lower()])
def test_a_row_is_not_completed_by_other_bytes(content: bytes) -> None:
    make_file("a.fits")
    leave("a.fits", content)
    assert sweep(user="tester").completed == ()
    assert not queries.get_file("a.fits").is_held


def test_bytes_without_a_row_are_left_where_they_are() -> None:
    path = leave("a.fits", CONTENT)
    os.utime(path, (0, 0))
    sweep(user="tester")
    assert path.read_bytes() == CONTENT


def test_unfinished_files_go_after_an_hour() -> None:
    old, young = leave("a.fits", b"").with_name(".a.part"), storage.path_of("a.fits").with_name(".b.part")
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    assert sweep(user="tester").parts_removed == 1
    assert young.exists()
