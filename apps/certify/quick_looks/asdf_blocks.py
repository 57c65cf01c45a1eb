"""Blocks of an ASDF file: where they lie, and what is in a compressed one, up to a limit.

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
_PIECE = 1 * MIB  # bytes that are decompressed at once


class BadBlockError(ValueError):
    """A block is not there in full, is too large, or is compressed in a way that is not known."""


@dataclass(frozen=True)
class Block:
    """Where the bytes of a block lie, and how they are compressed; empty: not at all."""

    start: int
    used: int
    size: int
    compression: str


def blocks(stream: BinaryIO, after: int, size: int) -> list[Block]:
    """Return the blocks of a file that are there in full.

    Parameters
    ----------
    after
        Where the tree ends, in bytes.
    size
        Of the file.
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
    """Return where the first block begins; there may be padding before it."""
    stream.seek(after)
    at = stream.read(MIB).find(MAGIC)
    return None if at < 0 else after + at


def unpacked(block: Block, path: Path) -> bytes:
    """Return what is in a compressed block.

    Raises
    ------
    BadBlockError
        Raised if that is more than the block announces, or than `LARGEST_BLOCK`; before that much is made.
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
    """Return what is in a chain of pieces, each with its length before it and its size within."""
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
