import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from apps.catalog import checksums

NAME = "jwst_miri_flat_0001.fits"


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "_known", {})


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows each time a file is read."""
    found: list[int] = []
    digest = checksums._digest

    def counted(stream: object) -> str:
        found.append(1)
        return digest(stream)  # type: ignore[arg-type]

    monkeypatch.setattr(checksums, "_digest", counted)
    return found


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def ask(path: Path) -> str:
    with path.open("rb") as stream:
        answer = checksums.sha1sum(stream, NAME)
        assert stream.tell() == 0
        return answer


def old(tmp_path: Path, content: bytes = b"abc") -> Path:
    """Return a file that was last changed longer ago than the clock's tick."""
    path = tmp_path / NAME
    path.write_bytes(content)
    time.sleep(0.02)
    return path


@pytest.fixture(autouse=True)
def _short_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "TICK", 0.01)


def test_a_file_is_read_once(tmp_path: Path, reads: list[int]) -> None:
    path = old(tmp_path)
    assert [ask(path), ask(path)] == [sha1(b"abc")] * 2
    assert len(reads) == 1


def test_another_process_need_not_read_it_again(
    tmp_path: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old(tmp_path)
    ask(path)
    monkeypatch.setattr(checksums, "_known", {})
    assert ask(path) == sha1(b"abc")
    assert len(reads) == 1


def test_a_write_is_noticed_even_if_its_time_is_set_back(tmp_path: Path, reads: list[int]) -> None:
    path = old(tmp_path)
    ask(path)
    before = path.stat()
    path.write_bytes(b"abX")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ask(path) == sha1(b"abX")
    assert len(reads) == 2


def test_a_replacement_is_noticed(tmp_path: Path) -> None:
    path = old(tmp_path)
    ask(path)
    other = tmp_path / "other"
    other.write_bytes(b"xyz")
    other.replace(path)
    assert ask(path) == sha1(b"xyz")


def test_what_was_just_written_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "TICK", 60.0)
    path = old(tmp_path)
    ask(path)
    assert checksums._known == {}


def test_a_damaged_memory_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old(tmp_path)
    ask(path)
    checksums._path(NAME).write_text("nonsense")
    monkeypatch.setattr(checksums, "_known", {})
    assert ask(path) == sha1(b"abc")


def test_a_memory_that_cannot_be_kept_costs_only_time(tmp_path: Path, data_root: Path) -> None:
    (data_root / "checksums").write_text("in the way")
    assert ask(old(tmp_path)) == sha1(b"abc")


def test_callers_at_once_read_it_once(tmp_path: Path, reads: list[int]) -> None:
    path = old(tmp_path, b"x" * 5_000_000)
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [sha1(b"x" * 5_000_000)] * 8
    assert len(reads) == 1
