"""The sha1sum of stored bytes, calculated once for each state of a file on the disk.

Bytes that disagree with the catalog must never be sent, but hashing a gigabyte for each download would
cost more than the download. So the digest is remembered together with the file's inode, size, and the times
at which its bytes and its inode last changed. Any write, and any replacement of the file, changes one of
them, and the bytes are read again.

The price: each file is read once completely before its first download, about a second for a gigabyte.
The limit: if a disk loses bits under an unchanged inode, only the nightly verification finds it.
"""

import hashlib
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from apps.core.files import keep

# Seconds. A write shortly after our look may fall into the same tick of the file system's clock, and then it
# shows no change. So the digest of a file that changed less than this time ago is not remembered.
TICK = 2.0


@dataclass(frozen=True)
class _Known:
    state: str
    sha1sum: str


_known: dict[str, _Known] = {}
_hashing = tuple(threading.Lock() for _ in range(64))


def sha1sum(stream: BinaryIO, name: str) -> str:
    """Return the sha1sum of the bytes in an open file, as 40 lower-case hex digits.

    Parameters
    ----------
    stream
        Open for reading; its position is not changed.
    name
        Name of the catalogued file; the digest is remembered under it.
    """
    state = _state(stream)
    known = _known.get(name)
    if known is None or known.state != state:
        # One thread reads the file for all threads that wait for it.
        with _hashing[hash(name) % len(_hashing)]:
            known = _load(name)
            if known is None or known.state != state:
                known = _calculate(stream, name, state)
    return known.sha1sum


def _calculate(stream: BinaryIO, name: str, state: str) -> _Known:
    started_at = time.time()
    known = _Known(state, _digest(stream))
    changed_at = os.fstat(stream.fileno()).st_ctime
    if _state(stream) == state and changed_at < started_at - TICK:
        _known[name] = known
        keep(_path(name), f"{known.state} {known.sha1sum}".encode())
    return known


def _digest(stream: BinaryIO) -> str:
    """Read the whole file without moving the position of its descriptor."""
    digest = hashlib.sha1(usedforsecurity=False)
    position = 0
    while block := os.pread(stream.fileno(), 1 << 20, position):
        digest.update(block)
        position += len(block)
    return digest.hexdigest()


def _state(stream: BinaryIO) -> str:
    """Return a text that changes with every write to a file and every replacement of it."""
    found = os.fstat(stream.fileno())
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _path(name: str) -> Path:
    folder = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()[:2]
    return settings.DATA_ROOT / "checksums" / folder / name


def _load(name: str) -> _Known | None:
    """Return the digest that another process, or an earlier start, remembered."""
    try:
        state, _, digest = _path(name).read_text().rpartition(" ")
    except OSError:
        return None
    _known[name] = _Known(state, digest)
    return _known[name]
