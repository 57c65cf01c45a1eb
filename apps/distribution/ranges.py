"""The part of a file that a request asks for (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=(\d{0,1000})-(\d{0,1000})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class ByteRange:
    """Bytes from `first` up to but not including `end`."""

    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first

    def content_range(self, size: int) -> str:
        """Return the header that gives the position of the part in a file of `size` bytes."""
        return f"bytes {self.first}-{self.end - 1}/{size}"


class UnsatisfiableError(ValueError):
    """A range that begins after the end of the file."""


def find_part(header: str, size: int) -> ByteRange | None:
    """Return the part that a ``Range`` header asks for, or None if the whole file is to be sent.

    Several ranges, another unit and malformed ranges are ignored, as the standard allows.

    Parameters
    ----------
    size
        Size of the file in bytes.

    Raises
    ------
    UnsatisfiableError
        Raised if no byte of the file lies in the range.

    Examples
    --------
    >>> find_part("bytes=2-", 10), find_part("bytes=-3", 10), find_part("bytes=0-1,4-5", 10)
    (Part(first=2, end=10), Part(first=7, end=10), None)
    """
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return _suffix(int(last), size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise UnsatisfiableError
    return ByteRange(int(first), min(int(last) + 1, size) if last else size)


def _suffix(length: int, size: int) -> ByteRange | None:
    """Return the part with the last `length` bytes, or None for an empty file, which is sent whole."""
    if length == 0:
        raise UnsatisfiableError
    return ByteRange(max(0, size - length), size) if size else None
