"""Mappings that changed between two contexts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from apps.rules.differences.logical import require_one_level
from apps.rules.errors import MappingError
from apps.rules.text.parser import parse_mapping
from apps.rules.text.special_values import SPECIAL

_BELOW = {".pmap": ".imap", ".imap": ".rmap"}


@dataclass(frozen=True, slots=True)
class ChangedMapping:
    """A mapping and the one that replaced it.

    Attributes
    ----------
    old, new
        Names. One is empty if the instrument or reference type is new or was removed, or if its line is
        ``N/A`` or ``OMIT`` on that side.
    """

    old: str
    new: str

    @property
    def is_pair(self) -> bool:
        """Return whether there are two mappings to compare."""
        return bool(self.old and self.new)


def changed_mappings(old: str, new: str, text_of: Callable[[str], str]) -> Iterator[ChangedMapping]:
    """Yield every change from one mapping to another of the same level, top-down.

    A pmap is first, then each imap followed by its rmaps, sorted by instrument and reference type. Yield
    nothing if the names are the same.

    Parameters
    ----------
    old, new
        Names of two pmaps, imaps or rmaps.
    text_of
        Returns the text of a mapping by its name. It is called only for pmaps and imaps that changed.

    Raises
    ------
    MappingError
        Raised if the names are of different levels, if a text is not a mapping, or if it names a file that
        is not a mapping of the level below.
    """
    level = require_one_level(old, new)
    yield from _changed(old, new, level, text_of)


def _changed(old: str, new: str, level: str, text_of: Callable[[str], str]) -> Iterator[ChangedMapping]:
    if old == new:
        return
    yield ChangedMapping(old, new)
    below = _BELOW.get(level)
    if below is None:
        return
    before, after = _lines(old, below, text_of), _lines(new, below, text_of)
    for key in sorted({**before, **after}):
        yield from _changed(before.get(key, ""), after.get(key, ""), below, text_of)


def _lines(name: str, below: str, text_of: Callable[[str], str]) -> dict[str, str]:
    """Return the mappings that an imap or pmap names, by lower case key; none if `name` is empty."""
    if not name:
        return {}
    selector = parse_mapping(text_of(name), name).selector
    if not isinstance(selector, dict):
        raise MappingError(f"{name}: the selector of a context mapping must be a dictionary.")
    lines = {str(key).lower(): str(value) for key, value in selector.items()}
    lines = {key: value for key, value in lines.items() if value not in SPECIAL}
    for value in lines.values():
        # This guarantees that the recursion ends.
        if not value.endswith(below):
            raise MappingError(f"{name}: leads to {value!r}, whose name does not end in {below}.")
    return lines
