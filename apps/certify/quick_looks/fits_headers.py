"""The part of a FITS header that a quick look shows."""

from __future__ import annotations

import math
from typing import Any

from apps.certify.fits_structure import BadHeaderError, Header
from apps.certify.quick_looks.safe_text import shown
from apps.certify.quick_looks.values import Card

FOREIGN = "(holds bytes outside ASCII, shown as ?)"


def number(header: Header, keyword: str, default: float) -> float:
    """Return the value of a keyword, which must be a finite number; `default` if it is missing."""
    value = header.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadHeaderError(f"{keyword} is {str(value)[:40]!r} and not a number")
    return float(value)


def text(header: Header, keyword: str) -> str:
    """Return the value of a keyword as text; empty if it has none; a logical true is ``True``."""
    try:
        return shown(str(header.get(keyword, "")).strip(), 80)
    except Exception:  # A card that cannot be parsed counts as empty.
        return ""


def cards_of(header: Header, most: int, foreign: frozenset[int]) -> tuple[tuple[Card, ...], int]:
    """Return the first cards of a header, and the number of further cards.

    Parameters
    ----------
    foreign
        Numbers of the cards to mark because they contain bytes outside ASCII.
    """
    every = header.cards
    shown_cards = tuple(
        _card(every[number], is_foreign=number in foreign) for number in range(min(most, len(every)))
    )
    return shown_cards, max(0, len(every) - most)


def _card(card: Any, *, is_foreign: bool) -> Card:
    mark = FOREIGN if is_foreign else ""
    try:
        card.verify("silentfix")
        return Card(shown(card.keyword, 80), _value(card.value), shown(f"{card.comment} {mark}".strip()))
    except Exception:  # Text that is not a card is shown unchanged.
        return Card("", "", shown(f"{_image(card)} {mark}".strip()))


def _image(card: Any) -> str:
    try:
        return str(card.image).rstrip()
    except Exception as exc:
        return f"a card that cannot be read: {exc}"


def _value(value: object) -> str:
    from astropy.io.fits.card import Undefined

    if isinstance(value, bool):
        return "T" if value else "F"
    return "" if isinstance(value, Undefined) else shown(str(value))
