import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.catalog import storage
from apps.catalog.errors import DamagedFileError, NotHeldError, UnknownFileError
from apps.catalog.models import File
from apps.catalog.reading import checked_path, load_bytes, load_sources, load_text, require_unaltered
from apps.rules.errors import ChecksumError, MappingError
from tests.factories.catalog import make_file
from tests.factories.sites import make_rmap_text

RMAP, REFERENCE = "jwst_miri_flat_0001.rmap", "jwst_miri_flat_0001.fits"

pytestmark = pytest.mark.django_db


def alter(name: str) -> None:
    path = storage.path_of(name)
    content = path.read_bytes()
    path.write_bytes(content[:-3] + b"~" + content[-2:])


@pytest.fixture
def rmap() -> File:
    return make_file(RMAP, content=make_rmap_text(RMAP).encode())


@pytest.fixture
def reference() -> File:
    return make_file(REFERENCE, content=b"SIMPLE  = T and many more bytes")


READERS: list[Callable[[File], object]] = [
    load_bytes,
    load_text,
    checked_path,
    lambda file: load_sources([file.name]),
    lambda file: require_unaltered([file.name]),
]


@pytest.mark.parametrize("read", READERS)
def test_a_sound_file_is_read(rmap: File, read: Callable[[File], object]) -> None:
    read(rmap)


@pytest.mark.parametrize("read", READERS)
def test_altered_bytes_are_refused_by_name_with_both_sums(rmap: File, read: Callable[[File], object]) -> None:
    alter(RMAP)
    found = hashlib.sha1(storage.path_of(RMAP).read_bytes(), usedforsecurity=False).hexdigest()
    with pytest.raises(
        DamagedFileError, match=f"{RMAP} has sha1sum {found} in the store; {rmap.sha1sum} was expected"
    ):
        read(rmap)


@pytest.mark.parametrize("read", READERS)
def test_bytes_of_another_size_are_refused(rmap: File, read: Callable[[File], object]) -> None:
    storage.path_of(RMAP).write_bytes(b"short")
    with pytest.raises(
        DamagedFileError, match=rf"{RMAP} has 5 bytes in the store; {rmap.size} were expected"
    ):
        read(rmap)


def test_bytes_that_are_gone_or_never_came_are_named(rmap: File) -> None:
    storage.path_of(RMAP).unlink()
    with pytest.raises(DamagedFileError, match=f"{RMAP} is missing from the store"):
        load_text(rmap)
    rmap.held_at = None
    with pytest.raises(NotHeldError, match=f"{RMAP} is catalogued, but this server does not hold"):
        load_text(rmap)


def test_a_reference_that_was_altered_since_it_was_read_is_refused(reference: File) -> None:
    assert checked_path(reference) == storage.path_of(REFERENCE)
    alter(REFERENCE)
    with pytest.raises(DamagedFileError, match=REFERENCE):
        checked_path(reference)
    with pytest.raises(DamagedFileError, match=REFERENCE):
        require_unaltered([REFERENCE])


def test_what_is_not_held_cannot_have_been_altered() -> None:
    File.objects.create(name=REFERENCE, kind="reference", observatory="jwst")
    require_unaltered([REFERENCE, "unknown.rmap"])


def test_a_source_that_states_a_wrong_sum_for_itself_is_refused() -> None:
    text = make_rmap_text(RMAP)
    make_file(RMAP, content=text.replace("2021-08-01", "2022-08-01").encode())
    with pytest.raises(ChecksumError, match=f"{RMAP} states the sha1sum "):
        load_sources([RMAP])


def test_a_source_must_be_known_and_be_text() -> None:
    with pytest.raises(UnknownFileError, match=r"'jwst_miri_flat_0001\.rmap' is not known"):
        load_sources([RMAP])
    file = make_file(RMAP, content=b"\xff\xfe")
    with pytest.raises(MappingError, match="not UTF-8"):
        load_text(file)


def test_a_path_outside_the_store_is_none(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="not a file name"):
        storage.path_of("../x.rmap")
