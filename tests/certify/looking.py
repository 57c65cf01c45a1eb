"""Files to look into, made by the writers of the formats or byte by byte, as an attacker would."""

import struct
from pathlib import Path
from typing import Any

import asdf
import numpy as np
from astropy.io import fits

from apps.certify.quick_looks.make import make
from apps.certify.quick_looks.values import QuickLook, loads

BLOCK = 2880


def look(path: Path, *, name: str = "") -> QuickLook:
    """Look into a file in this process, without a child; return the look, which is also on the disk."""
    folder = path.parent / "look"
    folder.mkdir(exist_ok=True)
    seen = make(path, folder, name=name or path.name)
    assert loads((folder / "look.json").read_bytes()) == seen
    return seen


def write_fits(folder: Path, *extensions: Any, name: str = "data.fits") -> Path:
    """Write a FITS file whose primary HDU has only a header."""
    fits.HDUList([fits.PrimaryHDU(), *extensions]).writeto(folder / name)
    return folder / name


def write_asdf(folder: Path, tree: dict[str, Any], **how: Any) -> Path:
    asdf.AsdfFile(tree).write_to(folder / "data.asdf", **how)
    return folder / "data.asdf"


def header(*cards: str) -> bytes:
    """Return a FITS header with these cards, padded."""
    lines = [f"{card:80}" for card in (*cards, "END")]
    text = "".join(lines).encode("latin-1")
    return text + b" " * (-len(text) % BLOCK)


def primary(*cards: str) -> bytes:
    """Return a primary header with these cards, which announces no data."""
    return header("SIMPLE  =                    T", "BITPIX  =                    8",
                  "NAXIS   =                    0", *cards)  # fmt: skip


def image(*axes: int, bits: int = 16, more: tuple[str, ...] = ()) -> bytes:
    """Return the header of an image extension, without its data."""
    cards = ["XTENSION= 'IMAGE   '", f"BITPIX  = {bits:>20}", f"NAXIS   = {len(axes):>20}"]
    cards += [f"NAXIS{number:<3}= {axis:>20}" for number, axis in enumerate(axes, 1)]
    return header(*cards, "PCOUNT  =                    0", "GCOUNT  =                    1", *more)


def asdf_text(tree: str) -> bytes:
    start = "#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0"
    return f"{start}\n{tree}\n...\n".encode()


def asdf_block(data: bytes, *, size: int, compression: bytes = b"", used: int | None = None) -> bytes:
    """Return a block that announces `size` bytes after decompression."""
    used = len(data) if used is None else used
    return b"\xd3BLK" + struct.pack(">HI4sQQQ16s", 48, 0, compression, used, used, size, b"") + data


def pixels(path: Path) -> np.ndarray[Any, Any]:
    """Return a picture as rows of pixels, top row first."""
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGBA"))
