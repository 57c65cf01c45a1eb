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
        answer = checksums.sha1sum(stream)
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


def test_what_this_process_wrote_is_remembered_at_once(tmp_path: Path, reads: list[int]) -> None:
    path = old(tmp_path)
    checksums.remember(path, sha1(b"abc"))
    assert ask(path) == sha1(b"abc")
    assert reads == []


def test_all_names_of_a_file_share_one_memory(tmp_path: Path, reads: list[int]) -> None:
    path = old(tmp_path)
    ask(path)
    os.link(path, tmp_path / "other")
    assert ask(tmp_path / "other") == sha1(b"abc")
    path.unlink()
    assert ask(tmp_path / "other") == sha1(b"abc")
    assert len(reads) == 1


def test_names_that_come_and_go_cost_a_read_unless_we_change_them(tmp_path: Path, reads: list[int]) -> None:
    path = old(tmp_path)
    ask(path)
    with checksums.keeping([path]):
        come_and_go(path)
    ask(path)
    assert len(reads) == 1
    come_and_go(path)
    ask(path)
    assert len(reads) == 2


def come_and_go(path: Path) -> None:
    time.sleep(0.02)
    os.link(path, path.with_name("other"))
    path.with_name("other").unlink()
    time.sleep(0.02)


def test_a_file_that_moves_keeps_its_memory(tmp_path: Path, reads: list[int]) -> None:
    path, target = old(tmp_path), tmp_path / "target"
    ask(path)
    with checksums.keeping([path, target]):
        path.replace(target)
    assert ask(target) == sha1(b"abc")
    assert len(reads) == 1


def test_a_write_while_names_change_is_noticed(tmp_path: Path, reads: list[int]) -> None:
    path = old(tmp_path)
    ask(path)
    with checksums.keeping([path]):
        os.link(path, tmp_path / "other")
        path.write_bytes(b"abX")
    assert ask(path) == sha1(b"abX")


def test_a_file_is_read_again_on_request(tmp_path: Path, reads: list[int]) -> None:
    path = old(tmp_path)
    ask(path)
    assert checksums.read(path) == sha1(b"abc")
    assert len(reads) == 2


def test_memories_that_nobody_renewed_are_removed(tmp_path: Path) -> None:
    kept, gone = old(tmp_path), tmp_path / "gone"
    gone.write_bytes(b"xyz")
    for path in (kept, gone):
        checksums.remember(path, sha1(path.read_bytes()))
    memories = [checksums._path(path.stat().st_ino) for path in (kept, gone)]
    os.utime(memories[1], (0, 0))
    checksums.remove_old()
    assert [memory.exists() for memory in memories] == [True, False]


def test_a_damaged_memory_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old(tmp_path)
    ask(path)
    checksums._path(path.stat().st_ino).write_text("nonsense")
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
