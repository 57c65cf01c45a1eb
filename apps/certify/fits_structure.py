"""The structure of a FITS file: the places of headers and data, without trust in the headers.

Certification, quick looks and the script of the page follow the same rules. Sizes are computed as in astropy.
"""

from __future__ import annotations

import math
import re
from typing import Any, BinaryIO

START = b"SIMPLE  ="
BLOCK = 2880  # bytes; a FITS file is made of such blocks
CARD = 80  # bytes
LARGEST_HEADER = 8 << 20  # bytes
_MOST_AXES = 999
# Any character that a keyword cannot have may follow END: some writers fill the card with zeros.
_END = re.compile(rb"END(?![A-Z0-9_-])")
_END_CARD = b"END".ljust(CARD)

Header = Any  # of astropy, which has no types


class BadHeaderError(ValueError):
    """A header that does not end, or does not describe its data."""


def read_cards(stream: BinaryIO, *, is_first: bool) -> bytes:
    """Return the cards of the header at the position of a stream, END included, and read past the header.

    Raises
    ------
    BadHeaderError
        Raised if there is no header, or it does not end within the file or `LARGEST_HEADER`.
    """
    cards = bytearray()
    while True:
        block = stream.read(BLOCK)
        if not cards and not block.startswith(START if is_first else b"XTENSION"):
            raise BadHeaderError(f"a header was expected, and there is {block[:16]!r}")
        if len(block) < BLOCK:
            raise BadHeaderError("the file ends within a header")
        for at in range(0, BLOCK, CARD):
            if _END.match(block, at):
                return bytes(cards + block[:at] + _END_CARD)
        cards += block
        if len(cards) > LARGEST_HEADER:
            raise BadHeaderError(f"a header does not end within {LARGEST_HEADER} bytes")


def parse_header(cards: bytes) -> Header:
    """Return cards as a header; bytes outside ASCII become question marks, as in astropy."""
    from astropy.io import fits

    try:
        return fits.Header.fromstring(cards.decode("ascii", "replace").replace("\ufffd", "?"))
    except Exception as exc:  # The reader has many errors of its own.
        raise BadHeaderError(f"a header cannot be read: {exc}") from exc


def read_header(stream: BinaryIO, *, is_first: bool) -> Header:
    """Return the header at the position of a stream; the errors are those of `read_cards`."""
    return parse_header(read_cards(stream, is_first=is_first))


def foreign_cards(cards: bytes) -> frozenset[int]:
    """Return the numbers of cards with bytes outside ASCII; as in astropy, continued cards count as one."""
    found, number = set(), -1
    for at in range(0, len(cards), CARD):
        card = cards[at : at + CARD]
        number += not (card.startswith(b"CONTINUE") and number >= 0)
        if not card.isascii():
            found.add(number)
    return frozenset(found)


def whole(header: Header, keyword: str, default: int | None = None, *, least: int = 0) -> int:
    """Return the value of a keyword that must be a whole number.

    Raises
    ------
    BadHeaderError
        Raised if it is not a whole number, is less than `least`, or is missing and has no default.
    """
    try:
        value = header[keyword] if default is None else header.get(keyword, default)
    except Exception as exc:  # The keyword is missing, or its card cannot be parsed.
        raise BadHeaderError(f"the header has no {keyword} that can be read") from exc
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadHeaderError(f"{keyword} is {str(value)[:40]!r} and not a whole number from {least} up")
    return value


def axes_of(header: Header) -> tuple[int, ...]:
    """Return the lengths of the axes in the order of their keywords, NAXIS1 first."""
    count = whole(header, "NAXIS")
    if count > _MOST_AXES:
        raise BadHeaderError(f"NAXIS is {count}, but there can be at most {_MOST_AXES} axes")
    return tuple(whole(header, f"NAXIS{number}") for number in range(1, count + 1))


def has_groups(header: Header) -> bool:
    """Return whether the data are random groups, whose first axis has no length."""
    try:
        return bool("SIMPLE" in header and header.get("GROUPS") is True)
    except Exception:  # A card that cannot be parsed does not count.
        return False


def bytes_of_data(header: Header) -> int:
    """Return the bytes of data after a header, without padding (FITS standard, sections 4.4.1 and 6.1.1)."""
    axes = axes_of(header)[1:] if has_groups(header) else axes_of(header)
    if not axes:
        return 0
    bits = abs(whole(header, "BITPIX", least=-64))
    return bits // 8 * whole(header, "GCOUNT", 1) * (whole(header, "PCOUNT", 0) + math.prod(axes))
