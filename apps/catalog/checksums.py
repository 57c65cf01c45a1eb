"""The sha1sum of bytes on our disk, read once for each state of a file.

Bytes that disagree with the catalog must never be sent, and bytes that differ from those that arrived must
never become official. But to hash a gigabyte for each download would cost more than the download. So the
digest is remembered together with the state of the file: inode, size, and the times at which its bytes
and its inode last changed. A write, or a replacement of the file, changes one of them, and the bytes are read
again.

A name that is given to a file, or taken from it, changes the time of the inode too. So this time may differ
if the number of names does, and `keeping` notes the new state after we have changed names ourselves. One file
has one memory under all its names, from its arrival to its downloads.

The limit: if a disk loses bits under an unchanged inode, only the nightly verification finds it.
"""

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from apps.core.files import keep

# Seconds. A write shortly after our look may fall into the same tick of the file system's clock, and then it
# shows no change. So the digest of a file that changed less than this time ago is not remembered, unless we
# have written the file ourselves.
TICK = 2.0


OLD = 7 * 24 * 3600  # seconds after which a memory that nobody renewed belongs to no file of the store


@dataclass(frozen=True, slots=True)
class _State:
    """The numbers of a file that change with its bytes; times in nanoseconds."""

    inode: int
    size: int
    written: int
    changed: int
    names: int

    @classmethod
    def of(cls, found: os.stat_result) -> "_State":
        return cls(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_nlink)

    def has_same_bytes(self, other: "_State") -> bool:
        """Return whether the bytes are those of the other state, though names may have changed meanwhile."""
        return (self.inode, self.size, self.written) == (other.inode, other.size, other.written)

    def is_as(self, known: "_State") -> bool:
        """Return whether nothing but names can have changed since a known state."""
        is_explained = self.changed == known.changed or self.names != known.names
        return self.has_same_bytes(known) and is_explained


@dataclass(frozen=True, slots=True)
class _Known:
    state: _State
    sha1sum: str


_known: dict[int, _Known] = {}
_hashing = tuple(threading.Lock() for _ in range(64))


def sha1sum(stream: BinaryIO) -> str:
    """Return the sha1sum of the bytes in an open file, as 40 lower-case hex digits.

    Parameters
    ----------
    stream
        Open for reading; its position is not changed.
    """
    state = _state(stream)
    known = _find(state)
    if known is None:
        # One thread reads the file for all threads that wait for it.
        with _hashing[state.inode % len(_hashing)]:
            known = _find(state) or _calculate(stream, state)
    return known.sha1sum


def of_path(path: Path) -> str:
    """Return the sha1sum of the bytes of a file, which are read only if they may have changed."""
    with path.open("rb") as stream:
        return sha1sum(stream)


def read(path: Path) -> str:
    """Read a file whatever is known about it; remember and return its sha1sum."""
    with path.open("rb") as stream:
        return _calculate(stream, _state(stream)).sha1sum


def remember(path: Path, digest: str) -> None:
    """Remember the sha1sum of a file that this process has just written, and that nobody else writes."""
    with contextlib.suppress(FileNotFoundError):
        _keep(_Known(_State.of(path.stat()), digest))


@contextlib.contextmanager
def keeping(paths: Iterable[Path]) -> Iterator[None]:
    """Keep what is known about files while the block gives them names or takes names from them.

    Parameters
    ----------
    paths
        Paths of the files before or after the block; a path may be missing before it, or after it.
    """
    paths = list(paths)
    known = {state.inode: found for state in _states(paths) if (found := _find(state))}
    yield
    for state in _states(paths):
        before = known.get(state.inode)
        if before and state != before.state and state.has_same_bytes(before.state):
            _keep(_Known(state, before.sha1sum))


def remove_old() -> None:
    """Remove the memories of files that are gone. Call it when all files of the store have been read."""
    oldest = time.time() - OLD
    for path in (settings.DATA_ROOT / "checksums").glob("*/*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()


def _states(paths: Iterable[Path]) -> Iterator[_State]:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            yield _State.of(path.stat())


def _find(state: _State) -> _Known | None:
    """Return what is known about a file in this state; None if it must be read."""
    known = _known.get(state.inode)
    if known is None or not state.is_as(known.state):
        known = _load(state.inode)
    if known is None or not state.is_as(known.state):
        return None
    if state != known.state:
        known = _Known(state, known.sha1sum)
        _keep(known)
    return known


def _calculate(stream: BinaryIO, state: _State) -> _Known:
    started_at = time.time()
    known = _Known(state, _digest(stream))
    if _state(stream) == state and state.changed < (started_at - TICK) * 1e9:
        _keep(known)
    return known


def _digest(stream: BinaryIO) -> str:
    """Read the whole file without moving the position of its descriptor."""
    digest = hashlib.sha1(usedforsecurity=False)
    position = 0
    while block := os.pread(stream.fileno(), 1 << 20, position):
        digest.update(block)
        position += len(block)
    return digest.hexdigest()


def _state(stream: BinaryIO) -> _State:
    return _State.of(os.fstat(stream.fileno()))


def _keep(known: _Known) -> None:
    _known[known.state.inode] = known
    numbers = " ".join(map(str, astuple(known.state)))
    keep(_path(known.state.inode), f"{numbers} {known.sha1sum}".encode())


def _path(inode: int) -> Path:
    return settings.DATA_ROOT / "checksums" / f"{inode % 256:02x}" / str(inode)


def _load(inode: int) -> _Known | None:
    """Return the digest that another process, or an earlier start, remembered."""
    try:
        *numbers, digest = _path(inode).read_text().split(" ")
        known = _Known(_State(*map(int, numbers)), digest)
    except (OSError, ValueError, TypeError):
        return None
    _known[inode] = known
    return known
