"""FITS headers: found, read and questioned without belief in what they say."""

from __future__ import annotations

import math
from typing import Any, BinaryIO

from apps.certify.quick_looks.limits import LARGEST_HEADER
from apps.certify.quick_looks.safe_text import shown
from apps.certify.quick_looks.values import Card

START = b"SIMPLE  ="
BLOCK = 2880  # bytes, of which a FITS file is made
CARD = 80  # bytes
_MOST_AXES = 999

Header = Any  # astropy's, which has no types


class BadHeaderError(ValueError):
    """A header does not end, or does not say what its data are."""


def read_header(stream: BinaryIO, *, is_first: bool) -> Header:
    """Return the header at which a stream stands, and leave the stream behind it.

    Raises
    ------
    BadHeaderError
        Raised if there is none, or it does not end in time.
    """
    from astropy.io import fits

    text = bytearray()
    while True:
        block = stream.read(BLOCK)
        if not text and not block.startswith(START if is_first else b"XTENSION"):
            raise BadHeaderError(f"a header was expected, and there is {block[:16]!r}")
        if len(block) < BLOCK:
            raise BadHeaderError("the file ends within a header")
        text += block
        if any(block[at : at + CARD].rstrip() == b"END" for at in range(0, BLOCK, CARD)):
            break
        if len(text) > LARGEST_HEADER:
            raise BadHeaderError(f"a header does not end within {LARGEST_HEADER} bytes")
    try:
        return fits.Header.fromstring(text.decode("latin-1"))
    except Exception as exc:  # The reader has many errors of its own.
        raise BadHeaderError(f"a header cannot be read: {exc}") from exc


def whole(header: Header, keyword: str, default: int | None = None, *, least: int = 0) -> int:
    """Return a keyword whose value must be a whole number.

    Raises
    ------
    BadHeaderError
        Raised if it is none, is less than `least`, or is missing and has no default.
    """
    try:
        value = header[keyword] if default is None else header.get(keyword, default)
    except Exception as exc:  # Missing, or a card that cannot be parsed.
        raise BadHeaderError(f"the header has no {keyword} that can be read") from exc
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadHeaderError(f"{keyword} is {str(value)[:40]!r} and not a whole number from {least} up")
    return value


def axes_of(header: Header) -> tuple[int, ...]:
    """Return the lengths of the axes, the first keyword first."""
    count = whole(header, "NAXIS")
    if count > _MOST_AXES:
        raise BadHeaderError(f"NAXIS is {count}; {_MOST_AXES} axes are the most there can be")
    return tuple(whole(header, f"NAXIS{number}") for number in range(1, count + 1))


def bytes_of_data(header: Header) -> int:
    """Return how many bytes follow a header (FITS standard, sections 4.4.1 and 6.1.2)."""
    axes = axes_of(header)
    if axes and axes[0] == 0 and text(header, "GROUPS") == "True":
        axes = axes[1:]
    values = math.prod(axes) if axes else 0
    bits = abs(whole(header, "BITPIX", least=-64))
    return bits // 8 * whole(header, "GCOUNT", 1) * (whole(header, "PCOUNT", 0) + values)


def number(header: Header, keyword: str, default: float) -> float:
    """Return a keyword whose value must be a finite number; `default` if it is missing."""
    value = header.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadHeaderError(f"{keyword} is {str(value)[:40]!r} and not a number")
    return float(value)


def text(header: Header, keyword: str) -> str:
    """Return the value of a keyword as text, empty if it has none; a truth is ``True``."""
    try:
        return shown(str(header.get(keyword, "")).strip(), 80)
    except Exception:  # A card that cannot be parsed says nothing.
        return ""


def cards_of(header: Header, most: int) -> tuple[tuple[Card, ...], int]:
    """Return the first cards of a header, and how many more there are."""
    every = header.cards
    return tuple(_card(every[number]) for number in range(min(most, len(every)))), max(0, len(every) - most)


def _card(card: Any) -> Card:
    try:
        card.verify("silentfix")
        return Card(shown(card.keyword, 80), _value(card.value), shown(str(card.comment)))
    except Exception:  # What is no card is shown as it stands.
        return Card("", "", shown(str(card.image).rstrip()))


def _value(value: object) -> str:
    from astropy.io.fits.card import Undefined

    if isinstance(value, bool):
        return "T" if value else "F"
    return "" if isinstance(value, Undefined) else shown(str(value))
