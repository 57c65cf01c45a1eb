"""Blocks of an ASDF file: their places, and the content of a compressed one, up to a limit.

Notes
-----
Source: ASDF standard, "Low-level file layout".
"""

from __future__ import annotations

import bz2
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from apps.certify.quick_looks.limits import LARGEST_BLOCK, MIB

MAGIC = b"\xd3BLK"
_HEADER = struct.Struct(">I4sQQQ16s")  # flags, compression, allocated, used and real size, checksum
_STREAMED = 1
_MOST_BLOCKS = 10_000
_PIECE = 1 * MIB  # bytes decompressed at a time


class BadBlockError(ValueError):
    """A block that is incomplete, too large, or compressed in an unknown way."""


@dataclass(frozen=True)
class Block:
    """The place of the bytes of a block, and their compression; empty if there is none."""

    start: int
    used: int
    size: int
    compression: str


def blocks(stream: BinaryIO, after: int, size: int) -> list[Block]:
    """Return the complete blocks of a file.

    Parameters
    ----------
    after
        End of the tree, in bytes.
    size
        Size of the file, in bytes.
    """
    found: list[Block] = []
    start = _first(stream, after)
    while start is not None and len(found) < _MOST_BLOCKS:
        stream.seek(start)
        head = stream.read(6)
        if len(head) < 6 or not head.startswith(MAGIC):
            break
        length = struct.unpack(">H", head[4:])[0]
        fixed = stream.read(_HEADER.size)
        if len(fixed) < _HEADER.size or length < _HEADER.size:
            break
        flags, compression, allocated, used, real, _sum = _HEADER.unpack(fixed)
        data = start + len(head) + length
        if flags & _STREAMED:
            found.append(Block(data, size - data, size - data, ""))
            break
        if data + used > size:
            break
        found.append(Block(data, used, real, compression.rstrip(b"\0").decode("latin-1")))
        start = data + allocated if allocated >= used and data + allocated < size else None
    return found


def _first(stream: BinaryIO, after: int) -> int | None:
    """Return the offset of the first block, which padding may precede; None if no block is found."""
    stream.seek(after)
    at = stream.read(MIB).find(MAGIC)
    return None if at < 0 else after + at


def unpacked(block: Block, path: Path) -> bytes:
    """Return the content of a compressed block.

    Raises
    ------
    BadBlockError
        Raised if the content is not of the announced size or is larger than `LARGEST_BLOCK`, before so many
        bytes are made; also if it cannot be decompressed.
    """
    if block.compression not in _READERS:
        known = ", ".join(_READERS)
        raise BadBlockError(f"it is compressed by {block.compression!r}, and known are {known}")
    if block.size > LARGEST_BLOCK:
        raise BadBlockError(
            f"it is compressed, and {block.size:,} bytes without that; {LARGEST_BLOCK:,} are looked at"
        )
    with path.open("rb") as stream:
        stream.seek(block.start)
        packed = stream.read(block.used)
    made = _READERS[block.compression](packed, block.size)
    if len(made) != block.size:
        raise BadBlockError(f"it holds {len(made):,} bytes and announces {block.size:,}")
    return made


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _unzipped(packed: bytes, size: int) -> bytes:
    return _decompressed(zlib.decompressobj(), packed, size)


def _unbzipped(packed: bytes, size: int) -> bytes:
    return _decompressed(bz2.BZ2Decompressor(), packed, size)


def _decompressed(decompressor: _Decompressor, rest: bytes, size: int) -> bytes:
    made = bytearray()
    try:
        while not decompressor.eof:
            piece = decompressor.decompress(rest, _PIECE)
            rest = getattr(decompressor, "unconsumed_tail", b"")
            made += piece
            if len(made) > size:
                raise BadBlockError(f"it holds more than the {size:,} bytes it announces")
            if not piece and not rest:
                break
    except (zlib.error, OSError, EOFError) as exc:
        raise BadBlockError(f"it cannot be decompressed: {exc}") from exc
    return bytes(made)


def _unlz4ed(packed: bytes, size: int) -> bytes:
    """Return the content of successive pieces; before each is its length, and at its start its real size."""
    import lz4.block

    made, at = bytearray(), 0
    while at + 8 <= len(packed):
        length, whole = struct.unpack_from(">I", packed, at)[0], struct.unpack_from("<I", packed, at + 4)[0]
        if len(made) + whole > size:
            raise BadBlockError(f"it holds more than the {size:,} bytes it announces")
        try:
            made += lz4.block.decompress(packed[at + 4 : at + 4 + length])
        except lz4.block.LZ4BlockError as exc:
            raise BadBlockError(f"it cannot be decompressed: {exc}") from exc
        at += 4 + length
    return bytes(made)


_READERS = {"zlib": _unzipped, "bzp2": _unbzipped, "lz4": _unlz4ed}
