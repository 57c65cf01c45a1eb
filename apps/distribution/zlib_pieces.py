"""A zlib stream made of pieces, so that a changed file packs only the pieces that changed.

A piece is packed without what stands before it and ends at a whole byte. The pieces one after the other,
between the head and the checksum of zlib, are therefore a stream that every reader of zlib unpacks.
Source: RFC 1950 and RFC 1951.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PIECE = 256 << 10  # bytes before they are packed
_LEVEL = 6
_HEAD = b"\x78\x9c"
_LAST_BLOCK = b"\x03\x00"  # An empty block with the mark of the last one.
_BASE = 65521  # the prime of Adler-32
_EMPTY_SUM = 1  # Adler-32 of nothing


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file.

    Attributes
    ----------
    digest
        Hex BLAKE2 of the bytes.
    adler
        Adler-32 of the bytes.
    length
        Number of the bytes before they are packed.
    """

    digest: str
    adler: int
    length: int
    packed: bytes

    def unpacked(self) -> bytes:
        """Return the bytes of the file."""
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(self.packed)


def pack(path: Path, known: Iterable[Piece] = ()) -> Iterator[Piece]:
    """Yield the pieces of a file; those that are in `known` are not packed again."""
    by_digest = {piece.digest: piece for piece in known}
    with path.open("rb") as file:
        while content := file.read(PIECE):
            digest = hashlib.blake2b(content, digest_size=20).hexdigest()
            yield by_digest.get(digest) or _pack(digest, content)


def unpack(pieces: Iterable[Piece], path: Path) -> None:
    """Write the file that the pieces were made of."""
    with path.open("wb") as file:
        file.writelines(piece.unpacked() for piece in pieces)


def stream(pieces: Iterable[Piece]) -> bytes:
    """Return the zlib stream of the whole file."""
    packed, adler = [_HEAD], _EMPTY_SUM
    for piece in pieces:
        packed.append(piece.packed)
        adler = _sum_of_both(adler, piece.adler, piece.length)
    return b"".join([*packed, _LAST_BLOCK, adler.to_bytes(4)])


def _pack(digest: str, content: bytes) -> Piece:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(content) + packer.flush(zlib.Z_SYNC_FLUSH)
    return Piece(digest, zlib.adler32(content), len(content), packed)


def _sum_of_both(first: int, second: int, length: int) -> int:
    """Return the Adler-32 of two texts from their sums, and the length of the second one.

    >>> _sum_of_both(zlib.adler32(b"abc"), zlib.adler32(b"de"), 2) == zlib.adler32(b"abcde")
    True
    """
    low, high = first & 0xFFFF, first >> 16
    new_low = (low + (second & 0xFFFF) - 1) % _BASE
    new_high = (high + (second >> 16) + length * (low - 1)) % _BASE
    return new_high << 16 | new_low
