"""The memory that a process and all it started fill, read from the system."""

from __future__ import annotations

from pathlib import Path

KIB = 1 << 10


def memory_of_family(pid: int) -> int:
    """Return the bytes of memory that a process and its descendants fill by themselves.

    Mapped files do not count. A process that has ended counts nothing.
    """
    return _own_memory(pid) + sum(memory_of_family(child) for child in _children(pid))


def _own_memory(pid: int) -> int:
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * KIB
    return 0


def _children(pid: int) -> list[int]:
    """Return the processes that the first thread of a process started."""
    return [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
