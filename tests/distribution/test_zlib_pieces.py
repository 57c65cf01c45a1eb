"""A stream made of pieces is what zlib itself reads."""

import random
import zlib
from pathlib import Path

import pytest

from apps.distribution import zlib_pieces
from apps.distribution.zlib_pieces import PIECE


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17])
@pytest.mark.parametrize("alphabet", [b"\x00", b"\xff", b"ab", bytes(range(256))])
def test_zlib_unpacks_the_file(size: int, alphabet: bytes, tmp_path: Path) -> None:
    content = bytes(random.Random(size).choices(alphabet, k=size))
    path = tmp_path / "file"
    path.write_bytes(content)
    pieces = list(zlib_pieces.pack(path))
    # zlib compares the checksum at the end with its own.
    assert zlib.decompress(zlib_pieces.stream(pieces)) == content
    zlib_pieces.unpack(pieces, path)
    assert path.read_bytes() == content


def test_only_a_changed_piece_is_packed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = random.Random(1).randbytes(4 * PIECE)
    path = tmp_path / "file"
    path.write_bytes(content)
    before = list(zlib_pieces.pack(path))
    changed = content[: 2 * PIECE] + b"changed" + content[2 * PIECE + 7 :]
    path.write_bytes(changed)
    packed: list[bytes] = []
    pack = zlib_pieces._pack
    monkeypatch.setattr(zlib_pieces, "_pack", lambda digest, text: packed.append(text) or pack(digest, text))
    after = list(zlib_pieces.pack(path, before))
    assert packed == [changed[2 * PIECE : 3 * PIECE]]
    assert zlib.decompress(zlib_pieces.stream(after)) == changed
