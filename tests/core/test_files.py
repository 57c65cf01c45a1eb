import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.core import files
from apps.core.files import (
    UnfaithfulCopyError,
    keep,
    link_or_copy,
    replacement,
    write_atomically,
    write_once,
)
from tests.needs import OTHER_DISK


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """Yield a folder on another file system than the test's own."""
    with tempfile.TemporaryDirectory(dir=OTHER_DISK) as folder:
        yield Path(folder)


@pytest.fixture(params=[errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def without_links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every link, as some file systems do."""

    def refuse(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(os, "link", refuse)


def names(folder: Path) -> list[str]:
    """Return the names in a folder but for the data root that every test has."""
    return sorted(path.name for path in folder.iterdir() if path.name != "data")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_written_into_a_new_folder_and_then_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x"
    for content in (b"one", b"two"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert names(path.parent) == ["x"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_replaced_file_keeps_its_mode_unless_another_is_wanted(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "x"
    write_atomically(path, b"one", mode=mode)
    write_atomically(path, b"two")
    assert mode_of(path) == mode
    write_atomically(path, b"three", mode=0o604)
    assert mode_of(path) == 0o604


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_atomically(path, b"old")

    def write_half() -> None:
        with replacement(path) as part:
            part.write_bytes(b"ne")
            raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        write_half()
    assert (names(tmp_path), path.read_bytes()) == (["x"], b"old")


def test_bytes_and_folder_are_synced_before_anybody_relies_on_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def replaced(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    write_atomically(tmp_path / "x", b"content")
    assert done == ["file", "rename", "folder"]
    write_atomically(tmp_path / "x", b"content", is_synced=False)
    assert done[3:] == ["rename"]


def test_the_first_of_several_writers_wins(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_once(path, b"one")
    write_once(path, b"two")
    assert (path.read_bytes(), mode_of(path), names(tmp_path)) == (b"one", 0o600, ["secret"])


def test_a_writer_that_finds_the_name_taken_at_the_last_moment_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"one")
    monkeypatch.setattr(Path, "exists", lambda self: False)
    write_once(path, b"two")
    assert (path.read_bytes(), names(tmp_path)) == (b"one", ["secret"])


def test_a_file_that_is_written_once_needs_no_links(without_links: None, tmp_path: Path) -> None:
    write_once(tmp_path / "secret", b"one")
    write_once(tmp_path / "secret", b"two")
    assert ((tmp_path / "secret").read_bytes(), names(tmp_path)) == (b"one", ["secret"])


def test_what_cannot_be_kept_is_logged_and_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "blocked").write_text("a file, not a folder")
    keep(tmp_path / "blocked" / "x", b"content")
    assert "could not be kept" in caplog.text
    keep(tmp_path / "x", b"content")
    assert (tmp_path / "x").read_bytes() == b"content"


def test_a_link_is_made_where_one_can_be(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "new" / "b"
    source.write_bytes(b"content")
    link_or_copy(source, target)
    link_or_copy(source, target)
    assert target.samefile(source)
    assert names(target.parent) == ["b"]


@pytest.mark.needs("other-disk")
def test_a_copy_is_made_between_two_file_systems(tmp_path: Path, other_disk: Path) -> None:
    source, target = tmp_path / "a", other_disk / "new" / "b"
    source.write_bytes(content := os.urandom((3 << 20) + 1))
    link_or_copy(source, target)
    assert not target.samefile(source)
    assert (target.read_bytes(), names(target.parent)) == (content, ["b"])


def test_a_copy_is_made_where_links_are_refused(without_links: None, tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"content")
    target.write_bytes(b"old")
    link_or_copy(source, target)
    assert (target.read_bytes(), names(tmp_path)) == (b"content", ["a", "b"])
    assert not target.samefile(source)


def test_a_copy_that_reads_back_differently_gets_no_name(
    without_links: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"content")
    sync = os.fsync

    def rot(descriptor: int) -> None:
        sync(descriptor)
        os.pwrite(descriptor, b"X", 0)

    monkeypatch.setattr(files.os, "fsync", rot)
    with pytest.raises(UnfaithfulCopyError, match="The copy of a differs"):
        link_or_copy(source, target)
    assert names(tmp_path) == ["a"]


def test_other_refusals_of_the_disk_are_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        link_or_copy(tmp_path / "absent", tmp_path / "b")
    assert names(tmp_path) == []
