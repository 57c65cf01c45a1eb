"""Wording of values and of elements of match keys."""

from __future__ import annotations

from collections.abc import Sequence

from apps.rules.lookup.matchers import alternatives, is_esoteric

VALUES = 12  # values in a sentence
SHORT = 6  # values of a list in a key


def values_in(elements: set[str]) -> list[str]:
    """Return the values in elements of match keys: numbers sorted as numbers, expressions unchanged.

    Examples
    --------
    >>> values_in({"B|A", "N/A", "10.0", "2.0"})
    ['2.0', '10.0', 'A', 'B', 'N/A']
    """
    return sorted({part for element in elements for part in alternatives(element)}, key=_order)


def _order(text: str) -> tuple[bool, float, bool, str]:
    try:
        return (False, float(text), False, text)
    except ValueError:
        return (True, 0.0, text in ("N/A", "*"), text)


def in_words(element: str, *, last: str = "or") -> str:
    """Return an element of a match key in words.

    Examples
    --------
    >>> in_words("F560W|F770W|F1000W"), in_words("NOT F560W"), in_words("*")
    ('F1000W, F560W or F770W', 'NOT F560W', 'anything')
    """
    if element == "*":
        return "anything"
    return listed(alternatives(element), last=last) if not is_esoteric(element) else element


def shortened(element: str) -> str:
    """Return an element of a match key, a long list shortened to its first values.

    Examples
    --------
    >>> shortened("A|B"), shortened("A|B|C|D|E|F|G|H")
    ('A|B', 'A|B|C|D|E|… (8 values)')
    """
    parts = alternatives(element)
    return element if len(parts) <= SHORT else f"{'|'.join(parts[: SHORT - 1])}|… ({len(parts)} values)"


def listed(values: Sequence[str], *, last: str = "or") -> str:
    """Return values as part of a sentence; a very long list is shortened to its first values."""
    if len(values) > VALUES:
        return f"{', '.join(values[:VALUES])} {last} {len(values) - VALUES} more"
    *others, end = values
    return f"{', '.join(others)} {last} {end}" if others else end
