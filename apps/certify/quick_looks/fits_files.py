"""FITS files, read HDU by HDU: data count only if the file really has them.

Astropy gets only the text of headers. The places of data are computed here, so that a header which claims
terabytes costs nothing.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from apps.certify.fits_structure import (
    BLOCK,
    BadHeaderError,
    Header,
    axes_of,
    bytes_of_data,
    foreign_cards,
    has_groups,
    parse_header,
    read_cards,
    whole,
)
from apps.certify.quick_looks import fits_tables
from apps.certify.quick_looks.array_summary import ArrayTaker
from apps.certify.quick_looks.arrays import InMemory, OnDisk, Scaling
from apps.certify.quick_looks.errors import UnreadableFileError
from apps.certify.quick_looks.fits_headers import cards_of, number, text
from apps.certify.quick_looks.limits import LARGEST_BLOCK, MOST_CARDS, MOST_CARDS_OF_PART, MOST_PARTS
from apps.certify.quick_looks.safe_text import shown
from apps.certify.quick_looks.values import FilePart, QuickLook
from apps.certify.sandbox.ends import is_our_error

_DTYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_MOST_AXES = 32  # which is the most that numpy can have
COMPRESSED = "compressed image"  # in tiles, in the rows of a table
_TYPES = {"IMAGE": "image", "BINTABLE": "binary table", "TABLE": "text table"}
_UNSIGNED = {("int16", 2.0**15): "uint16", ("int32", 2.0**31): "uint32", ("int64", 2.0**63): "uint64"}


@dataclass(frozen=True)
class Hdu:
    """A header, and the place of its data as announced: from byte `start` to before byte `end`.

    Attributes
    ----------
    foreign
        Numbers of the cards that contain bytes outside ASCII.
    """

    number: int
    header: Header
    foreign: frozenset[int]
    start: int
    end: int


def look(path: Path, easel: ArrayTaker) -> QuickLook:
    """Return the look at a FITS file.

    Raises
    ------
    UnreadableFileError
        Raised if not even the first header can be read.
    """
    parts: list[FilePart] = []
    notes: list[str] = []
    room = MOST_CARDS
    size = path.stat().st_size
    with path.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for hdu in hdus(stream, size):
                if hdu.number == MOST_PARTS:
                    notes.append(f"Only the first {MOST_PARTS} HDUs are shown; there are more.")
                    break
                part = _part(hdu, stream, path, size, easel, room)
                room -= len(part.cards)
                parts.append(part)
        except BadHeaderError as exc:
            if not parts:
                raise UnreadableFileError(f"Not FITS that can be read: {exc}.") from exc
            notes.append(f"After HDU {len(parts) - 1}: {exc}.")
    return QuickLook(format="FITS", parts=tuple(parts), notes=tuple(notes))


def hdus(stream: BinaryIO, size: int) -> Iterator[Hdu]:
    """Yield HDUs up to the first one whose data are incomplete, this one included."""
    start, count = 0, 0
    while start < size:
        stream.seek(start)
        cards = read_cards(stream, is_first=count == 0)
        header, data = parse_header(cards), stream.tell()
        end = data + bytes_of_data(header)
        yield Hdu(count, header, foreign_cards(cards), data, end)
        if end > size:
            return
        start, count = -(-end // BLOCK) * BLOCK, count + 1


def _part(hdu: Hdu, stream: BinaryIO, path: Path, size: int, easel: ArrayTaker, room: int) -> FilePart:
    cards, left = cards_of(hdu.header, min(room, MOST_CARDS_OF_PART), hdu.foreign)
    axes, kind = axes_of(hdu.header), _type(hdu.header)
    part = FilePart(
        number=hdu.number,
        name=name_of(hdu.header) or ("PRIMARY" if hdu.number == 0 else ""),
        type=kind,
        shape=axes[:0:-1] if "table" in kind else _image_axes(hdu.header, axes)[::-1],
        dtype="",
        size=hdu.end - hdu.start,
        cards=cards,
        cards_left=left,
    )
    if hdu.end > size:
        note = f"The header announces data up to byte {hdu.end:,}, but the file has {size:,} bytes."
        return replace(part, note=note)
    try:
        if "table" in kind:
            columns, more = fits_tables.columns(hdu.header, stream, hdu.start)
            return replace(part, columns=columns, columns_left=more)
        if kind == "image":
            return _with_image(part, hdu, path, easel)
        if kind == COMPRESSED:
            return _with_compressed_image(part, hdu, path, easel)
    except MemoryError:
        raise
    except Exception as exc:  # A header may be wrong in any way; the others are still shown.
        if is_our_error(exc):
            raise
        return replace(part, note=f"The data cannot be read: {shown(str(exc), 200)}.")
    return part


def _with_image(part: FilePart, hdu: Hdu, path: Path, easel: ArrayTaker) -> FilePart:
    bits = whole(hdu.header, "BITPIX", least=-64)
    if bits not in _DTYPES:
        raise BadHeaderError(f"BITPIX is {bits}; known are {', '.join(map(str, _DTYPES))}")
    dtype = np.dtype(_DTYPES[bits])
    scaling = _scaling(hdu.header, is_whole=bits > 0)
    array = OnDisk(path, hdu.start, part.shape, dtype)
    numbers, picture, note = easel.show(array, scaling, number=hdu.number)
    name = _dtype_name(dtype, scaling)
    return replace(part, dtype=name, numbers=numbers, picture=picture, note=note)


def _with_compressed_image(part: FilePart, hdu: Hdu, path: Path, easel: ArrayTaker) -> FilePart:
    """Add an image that is stored in compressed tiles; astropy unpacks them, so its size is checked first."""
    from astropy.io import fits

    bits = whole(hdu.header, "ZBITPIX", least=-64)
    size = math.prod(part.shape) * abs(bits) // 8
    if size > LARGEST_BLOCK:
        note = f"The compressed image has {size:,} bytes; only up to {LARGEST_BLOCK:,} are unpacked."
        return replace(part, note=note)
    with fits.open(path) as opened:
        unpacked = np.asarray(opened[hdu.number].data)
    if unpacked.shape != part.shape:
        raise BadHeaderError(f"the tiles hold {unpacked.shape} values and not {part.shape}")
    numbers, picture, note = easel.show(InMemory(unpacked), Scaling(), number=hdu.number)
    return replace(part, dtype=unpacked.dtype.name, numbers=numbers, picture=picture, note=note)


def _image_axes(header: Header, axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes of an image, which differ from those of the table that holds its tiles."""
    if _type(header) != COMPRESSED:
        return axes
    count = whole(header, "ZNAXIS")
    if count > _MOST_AXES:
        raise BadHeaderError(f"ZNAXIS is {count}, and an image has at most {_MOST_AXES} axes")
    return tuple(whole(header, f"ZNAXIS{number}") for number in range(1, count + 1))


def _scaling(header: Header, *, is_whole: bool) -> Scaling:
    blank = whole(header, "BLANK", least=-(2**63)) if is_whole and "BLANK" in header else None
    return Scaling(number(header, "BSCALE", 1.0), number(header, "BZERO", 0.0), blank)


def _dtype_name(dtype: np.dtype[Any], scaling: Scaling) -> str:
    name = str(dtype.newbyteorder("=").name)
    if scaling.factor == 1.0 and (name, scaling.offset) in _UNSIGNED:
        return _UNSIGNED[name, scaling.offset]
    return name if (scaling.factor, scaling.offset) == (1.0, 0.0) else f"{name}, scaled"


def _type(header: Header) -> str:
    """Return the type of an HDU in words."""
    if has_groups(header):
        return "random groups"
    if text(header, "ZIMAGE") == "True":
        return COMPRESSED
    kind = text(header, "XTENSION") or "IMAGE"
    if kind == "IMAGE":
        return "image" if whole(header, "NAXIS") else "header only"
    return _TYPES.get(kind) or shown(kind.lower(), 20)


def name_of(header: Header) -> str:
    """Return EXTNAME, with EXTVER unless that is 1; empty if there is none."""
    name, version = text(header, "EXTNAME"), text(header, "EXTVER")
    return shown(f"{name} {version}" if version not in ("", "1") else name, 80)
