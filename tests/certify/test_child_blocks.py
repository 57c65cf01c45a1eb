"""Data in blocks: sums, copies and complaints are those of the library, and memory stays small."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from tests.patience import HANG
from tests.roots import PROJECT

# Prints the warnings of a file, writes it again with checksums, and prints the largest resident memory in kB.
COPY = """
import sys, warnings
from astropy.io import fits
from apps.certify import child_blocks
source, target, kind, size = sys.argv[1:]
child_blocks.BLOCK = int(size)
if kind == "blocks":
    child_blocks.read_data_in_blocks()
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    with fits.open(source, checksum=True, do_not_scale_image_data=True) as extensions:
        extensions[0].header["ADDED"] = 1
        extensions.writeto(target, checksum=True, output_verify="warn")
print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))
print("\\n".join(str(warning.message) for warning in told))
"""


def copied(source: Path, kind: str, size: int = 2880) -> tuple[bytes, int, str]:
    """Return the copy, the memory in bytes, and the warnings or the last line of the error."""
    target = source.with_name(f"{kind}.fits")
    found = subprocess.run(
        [sys.executable, "-c", COPY, str(source), str(target), kind, str(size)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    if found.returncode:
        return b"", 0, found.stderr.splitlines()[-1]
    memory, _, told = found.stdout.partition("\n")
    return target.read_bytes(), int(memory) * 1024, told


def make(path: Path) -> Path:
    """Write a file with each kind of data: none, an image, integers with an offset, a table with a heap."""
    rows = fits.BinTableHDU.from_columns(
        [
            fits.Column("a", "J", array=np.arange(3000)),
            fits.Column("b", "PE()", array=[np.arange(n % 5, dtype="f4") for n in range(3000)]),
        ]
    )
    image = fits.ImageHDU(np.random.default_rng(1).random((501, 37)).astype("f4"))
    offset = fits.ImageHDU(np.arange(999, dtype="u2"))
    fits.HDUList([fits.PrimaryHDU(), image, offset, rows]).writeto(path, checksum=True)
    return path


@pytest.mark.parametrize("damage", ["", "data", "missing bytes"])
def test_blocks_give_the_bytes_and_the_complaints_of_the_library(tmp_path: Path, damage: str) -> None:
    source = make(tmp_path / "source.fits")
    content = bytearray(source.read_bytes())
    if damage == "data":
        content[9000] ^= 1
    elif damage:
        del content[-2000:]
    source.write_bytes(content)
    theirs, ours = copied(source, "library"), copied(source, "blocks")
    # The comments of checksums hold the time at which they were made.
    assert _without_times(ours[0]) == _without_times(theirs[0])
    assert ours[2] == theirs[2]
    assert bool(ours[2].strip()) == bool(damage)


def _without_times(content: bytes) -> list[bytes]:
    cards = [content[start : start + 80] for start in range(0, len(content), 80)]
    return [card for card in cards if b"updated 20" not in card]


def test_a_large_file_is_copied_in_little_memory(tmp_path: Path) -> None:
    source = tmp_path / "large.fits"
    fits.PrimaryHDU(np.ones((50, 1 << 20), "f4")).writeto(source, checksum=True)
    whole, blocks = copied(source, "library", 1 << 20)[1], copied(source, "blocks", 1 << 20)[1]
    assert whole - blocks > 150e6, (whole, blocks)
