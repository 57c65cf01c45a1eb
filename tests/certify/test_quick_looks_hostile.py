"""Looks into files with false headers: each fault is found, and no look exceeds its limits."""

import bz2
import signal
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from apps.certify.errors import ChildAbortedError, ChildError
from apps.certify.quick_looks import limits
from apps.certify.quick_looks.errors import TooMuchError
from apps.certify.quick_looks.limits import LOOK_LIMITS, MIB
from apps.certify.quick_looks.runner import look_into
from apps.certify.quick_looks.values import QuickLook
from tests.certify.looking import asdf_block, asdf_text, header, image, look, primary, write_fits

ARRAY = "data: !core/ndarray-1.0.0\n  source: 0\n  datatype: uint8\n  byteorder: big\n  shape: [{shape}]"


def written(folder: Path, content: bytes, name: str = "data.fits") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_what_is_no_fits_says_so(tmp_path: Path) -> None:
    assert "begins with b'<html>'" in look(written(tmp_path, b"<html>")).failure
    assert "ends within a header" in look(written(tmp_path, b"SIMPLE  =                    T")).failure
    assert look(written(tmp_path, b"")).failure


def test_a_file_that_is_cut_off_shows_what_is_there(tmp_path: Path) -> None:
    path = write_fits(
        tmp_path, fits.ImageHDU(np.ones((40, 40), ">f4")), fits.ImageHDU(np.ones((50, 50), ">f4"))
    )
    whole = path.read_bytes()
    seen = look(written(tmp_path, whole[:-2880]))
    assert [part.picture is not None for part in seen.parts] == [False, True, False]
    assert f"the file has {len(whole) - 2880:,} bytes" in seen.parts[2].note
    within_header = look(written(tmp_path, whole[: len(whole) - 4 * 2880 - 100]))
    assert len(within_header.parts) == 2
    assert "ends within a header" in within_header.notes[0]


def test_a_header_that_claims_terabytes_costs_nothing(tmp_path: Path) -> None:
    seen = look(written(tmp_path, primary() + image(10**6, 10**6, 10**3) + b"\0" * 2880))
    assert "announces data up to byte 2,000,000,000,005,760" in seen.parts[1].note
    assert (seen.parts[1].numbers, seen.parts[1].picture) == (None, None)


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ((image(5, -3),), "NAXIS2 is '-3'"),
        ((image(5).replace(b"NAXIS1  =                    5", b"NAXIS1  = 'many'              "),), "'many'"),
        ((header("XTENSION= 'IMAGE   '", "NAXIS   =               100000"),), "NAXIS is 100000"),
        ((header("XTENSION= 'IMAGE   '"),), "no NAXIS"),
    ],
)
def test_a_header_without_sense_ends_the_list(tmp_path: Path, cards: tuple[bytes], expected: str) -> None:
    seen = look(written(tmp_path, primary() + cards[0]))
    assert len(seen.parts) == 1
    assert expected in seen.notes[0]


def test_an_unknown_type_of_pixels_and_a_mad_scale_are_notes(tmp_path: Path) -> None:
    scaled = image(2, 2, more=("BSCALE  = 'much    '",))
    seen = look(written(tmp_path, primary() + image(2, 2, bits=24) + bytes(2880) + scaled + bytes(2880)))
    assert "BITPIX is 24" in seen.parts[1].note
    assert "BSCALE is 'much'" in seen.parts[2].note


def test_a_header_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.certify.fits_structure.LARGEST_HEADER", 5 * 2880)
    seen = look(written(tmp_path, primary().replace(b"END", b"   ") + b" " * 100 * 2880))
    assert "does not end within 14400 bytes" in seen.failure


def test_of_very_many_hdus_and_cards_the_first_are_shown(tmp_path: Path) -> None:
    crowded = header(
        "XTENSION= 'IMAGE   '",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        *(f"HISTORY line {number}" for number in range(6000)),
    )
    seen = look(written(tmp_path, primary() + crowded * 3 + image() * 600))
    assert len(seen.parts) == limits.MOST_PARTS
    assert "there are more" in seen.notes[0]
    assert seen.parts[1].cards_left == 6003 - limits.MOST_CARDS_OF_PART
    assert sum(len(part.cards) for part in seen.parts) == limits.MOST_CARDS


def test_cards_with_markup_or_rubbish_stay_text(tmp_path: Path) -> None:
    rubbish = (
        "FILTER  = '<script>alert(1)</script>'",
        "BROKEN  = 'never ends",
        "\x01\x02\xff",
        "lower   = 1 / x",
    )
    [part] = look(written(tmp_path, primary(*rubbish))).parts
    text = " ".join(f"{card.keyword} {card.value} {card.comment}" for card in part.cards)
    assert "<script>alert(1)</script>" in text
    assert "never ends" in text
    assert "\x01" not in text


def table(*cards: str, width: int, rows: int, fields: int) -> bytes:
    return header(
        "XTENSION= 'BINTABLE'", "BITPIX  =                    8", "NAXIS   =                    2",
        f"NAXIS1  = {width:>20}", f"NAXIS2  = {rows:>20}", "PCOUNT  =                    0",
        "GCOUNT  =                    1", f"TFIELDS = {fields:>20}", *cards,
    )  # fmt: skip


def test_of_tables_with_huge_rows_little_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, primary() + table("TFORM1  = '1000000000A'", width=10**9, rows=2, fields=1))
    with path.open("r+b") as stream:
        stream.seek(2 * 2880)
        stream.write(b"x" * 500)
        stream.truncate(2 * 2880 + 2 * 10**9 + 2880)  # Most of the file is a hole.
    [_, part] = look(path).parts
    assert part.columns[0].first == ("x" * 120 + " …", "")


@pytest.mark.parametrize(
    ("cards", "fields", "expected"),
    [
        (("TFORM1  = '8A      '",), 1, "beyond its row"),
        (("TFORM1  = 'no      '",), 1, "not the format of a column"),
        ((), 10**9, "not the format of a column"),
        (("TFORM1  = 'I       '", "TSCAL1  = 'much    '"), 1, "scales a column"),
        (("TFORM1  = '999999999999999999D'",), 1, "beyond its row"),
    ],
)
def test_a_table_without_sense_is_a_note(
    tmp_path: Path, cards: tuple[str, ...], fields: int, expected: str
) -> None:
    content = primary() + table(*cards, width=4, rows=2, fields=fields) + bytes(2880)
    assert expected in look(written(tmp_path, content)).parts[1].note


@pytest.mark.parametrize("value", [np.nan, np.inf, 7.0])
def test_arrays_with_one_value_or_none_are_survived(tmp_path: Path, value: float) -> None:
    [_, part] = look(write_fits(tmp_path, fits.ImageHDU(np.full((4, 4), value, ">f4")))).parts
    assert part.numbers is not None
    assert part.numbers.odd == (0 if value == 7.0 else 16)
    assert (part.picture is None) == (value != 7.0)
    assert bool(part.note) == (value != 7.0)


def test_numbers_at_the_end_of_their_range_are_survived(tmp_path: Path) -> None:
    wild = np.array([[1.7e308, -1.7e308], [0, 5e-324]], ">f8")
    [_, part] = look(write_fits(tmp_path, fits.ImageHDU(wild))).parts
    assert part.numbers is not None
    assert part.numbers.maximum == 1.7e308
    assert part.picture is not None


def test_a_bomb_of_zeros_is_not_unpacked(tmp_path: Path) -> None:
    zeros = zlib.compress(bytes(30 * MIB))
    liar = asdf_text(ARRAY.format(shape="100")) + asdf_block(zeros, size=100, compression=b"zlib")
    assert "more than the 100 bytes" in look(written(tmp_path, liar, "a.asdf")).parts[0].note
    honest = asdf_block(zeros, size=10**12, compression=b"zlib")
    seen = look(written(tmp_path, asdf_text(ARRAY.format(shape="10")) + honest, "b.asdf"))
    assert "1,000,000,000,000 bytes without that" in seen.parts[0].note


@pytest.mark.parametrize(
    ("compression", "data", "expected"),
    [
        (b"zlib", b"nonsense", "cannot be decompressed"),
        (b"zlib", zlib.compress(bytes(50)), "holds 50 bytes"),
        (b"bzp2", bz2.compress(bytes(200)), "more than the 100 bytes"),
        (b"lz4\0", struct.pack(">I", 8) + struct.pack("<I", 2**31) + b"abcd", "more than the 100 bytes"),
        (b"lz4\0", struct.pack(">I", 8) + struct.pack("<I", 50) + b"abcd", "cannot be decompressed"),
        (b"zzzz", b"", "is compressed by 'zzzz'"),
    ],
)
def test_blocks_that_lie_are_notes(tmp_path: Path, compression: bytes, data: bytes, expected: str) -> None:
    content = asdf_text(ARRAY.format(shape="100")) + asdf_block(data, size=100, compression=compression)
    assert expected in look(written(tmp_path, content, "a.asdf")).parts[0].note


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        (ARRAY.format(shape="1000000000000"), "more bytes than the 8"),
        (ARRAY.format(shape="4") + "\n  offset: 5", "more bytes than the 8"),
        (ARRAY.format(shape="-4"), "its axis is '-4'"),
        (ARRAY.format(shape="2, 4") + "\n  strides: [400, 1]", "cannot be read"),
        (ARRAY.format(shape="4").replace("source: 0", "source: 3"), "block 3"),
        (ARRAY.format(shape="4").replace("source: 0", "source: /etc/passwd"), "another file"),
        (ARRAY.format(shape="4").replace("uint8", "[ascii, 3]"), "ascii text of 3"),
        ("data: !core/ndarray-1.0.0 5", "cannot be read"),
    ],
)
def test_descriptions_of_arrays_that_cannot_be_are_notes(
    tmp_path: Path, description: str, expected: str
) -> None:
    content = asdf_text(description) + asdf_block(bytes(8), size=8)
    assert expected in look(written(tmp_path, content, "a.asdf")).parts[0].note


def test_trees_that_grow_without_end_are_cut(tmp_path: Path) -> None:
    laughs = "a0: &a0 [x, x]\n" + "\n".join(
        f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 12)
    )
    assert "its aliases, written out" in look(written(tmp_path, asdf_text(laughs), "a.asdf")).failure
    broad = "\n".join(f"a{number}: {{b: {number}}}" for number in range(2000))
    assert "cut after" in look(written(tmp_path, asdf_text(broad), "e.asdf")).notes[0]
    itself = look(written(tmp_path, asdf_text("a: &a\n  b: *a"), "b.asdf"))
    assert itself.tree
    deep = look(written(tmp_path, asdf_text("a: " + "[" * 5000 + "]" * 5000), "c.asdf"))
    assert "nested deeper" in deep.failure
    assert "does not end" in look(written(tmp_path, b"#ASDF 1.0.0\n", "d.asdf")).failure


def test_json_that_is_none_is_shown_as_text(tmp_path: Path) -> None:
    for content in (b"{", b"[" * 100_000, b"\xff\xfe"):
        seen = look(written(tmp_path, content, "a.json"))
        assert seen.text
        assert "Not JSON" in seen.notes[0]


def into(path: Path, folder: Path, **how: object) -> QuickLook:
    folder.mkdir()
    return look_into(path, folder, name=path.name, observatory="jwst", **how)  # type: ignore[arg-type]


def test_a_child_looks_within_its_limits(tmp_path: Path) -> None:
    path = write_fits(tmp_path, fits.ImageHDU(np.eye(8, dtype=">f4")))
    seen = into(path, tmp_path / "made")
    assert seen.parts[1].picture is not None
    assert sorted(each.name for each in (tmp_path / "made").iterdir()) == [
        "look.json",
        "part1-asinh.webp",
        "part1-linear.webp",
    ]


def test_a_child_that_needs_too_much_memory_says_so(tmp_path: Path) -> None:
    # A million small objects take many times their own size in memory.
    path = written(tmp_path, b"[" + b"{}," * 1_200_000 + b"1]", "a.json")
    with pytest.raises(TooMuchError, match=r"a\.json takes more than 96 MiB"):
        into(path, tmp_path / "made", limits=replace(LOOK_LIMITS, memory=96 * MIB))


def test_a_child_is_ended_when_its_time_is_over_or_nobody_wants_it(tmp_path: Path) -> None:
    path = write_fits(tmp_path)
    with pytest.raises(TooMuchError, match=r"data\.fits takes longer than 0\.01 s"):
        into(path, tmp_path / "late", limits=replace(LOOK_LIMITS, seconds=0.01))
    with pytest.raises(ChildAbortedError):
        into(path, tmp_path / "unwanted", is_aborted=lambda: True)


MEASURED = """
import sys
from pathlib import Path
from apps.certify.quick_looks.make import make
make(Path(sys.argv[1]), Path(sys.argv[2]), name="cube.fits")
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def test_memory_does_not_grow_with_the_cube(tmp_path: Path) -> None:
    path = written(tmp_path, primary() + image(1024, 1024, 64, bits=-32), "cube.fits")
    with path.open("r+b") as stream:
        stream.truncate(2 * 2880 + 2**28)  # These zeros take no room on the disk.
    (tmp_path / "made").mkdir()
    told = subprocess.run(
        [sys.executable, "-c", MEASURED, path, tmp_path / "made"],
        check=True, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert int(told.stdout) < 200_000  # kilobytes


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (-signal.SIGSEGV, TooMuchError, r"The quick look into data\.fits ended abruptly"),
        (-signal.SIGXCPU, TooMuchError, r"data\.fits takes longer than 60 s"),
        (-signal.SIGKILL, ChildError, "status -9"),
        (-signal.SIGTERM, ChildError, "status -15"),
        (1, ChildError, "status 1"),
    ],
)
def test_a_reader_that_somebody_kills_is_our_fault(
    status: int, error: type[Exception], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = f"os.kill(os.getpid(), {-status})" if status < 0 else f"sys.exit({status})"
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\nimport os, sys\n{ending}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(error, match=text):
        into(written(tmp_path, b""), tmp_path / "made")
