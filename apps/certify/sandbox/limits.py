"""The resources that a child may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The resources that one child may use.

    Attributes
    ----------
    seconds
        Wall-clock time; processor time has the same limit.
    memory
        Bytes of memory that it may fill by itself; what it maps of a file does not count. The system refuses
        more to each process. The parent ends a child that fills more together with all it started.
    file_size
        Largest file it may write, in bytes; its answer and what it prints are such files.
    address_space
        Bytes of address space of each process, where mapped files count; None if there is no limit.
    """

    seconds: float
    memory: int
    file_size: int
    address_space: int | None = None
