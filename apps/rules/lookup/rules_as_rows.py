"""The rules of one reference type as rows: the values to match, the useafter date and the reference."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from apps.rules.lookup.compiled_selectors import SEVERAL, Choice, Selector
from apps.rules.observatories import Observatory
from apps.rules.text.special_values import SPECIAL

USEAFTER = "USEAFTER"
# Selectors by date have one key for two parkeys. Their columns are named after the meaning of the date.
_DATED = {"UseAfter": USEAFTER, "ClosestTime": "CLOSEST TIME"}
# A kind of selector with its parkeys, and the keys of one way through the rules, level by level.
_Level: TypeAlias = tuple[str, tuple[str, ...]]
_Way: TypeAlias = tuple[tuple[_Level, Any], ...]
# Last parts of parkeys that mean nothing without the part before them.
_VAGUE = frozenset({"NAME", "TYPE"})


@dataclass(frozen=True, slots=True)
class Key:
    """One column of rows.

    Attributes
    ----------
    title
        Short name of the parkey, ``USEAFTER``, or the title of another selector.
    parkeys
        The parkeys of headers that it is compared with.
    kind
        The selector that compares it.
    """

    title: str
    parkeys: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One way through the rules.

    Attributes
    ----------
    values
        One text for each key, empty where the way ends before it.
    references
        Names at its end: usually one, several if the rules give several together, none if nothing applies.
    word
        The word that the rules have instead of a reference, such as ``N/A``; otherwise empty.
    """

    values: tuple[str, ...]
    references: tuple[str, ...]
    word: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All rows of one selector, in its order."""

    keys: tuple[Key, ...]
    rows: tuple[RuleRow, ...]

    @property
    def useafter(self) -> int:
        """Place of the useafter date among the keys; -1 if there is none."""
        return next((place for place, key in enumerate(self.keys) if key.kind == "UseAfter"), -1)


def list_rules(selector: Selector, observatory: Observatory) -> Listing:
    """Return every way through a compiled selector.

    Levels of different kinds have their own columns, so a column means the same in every row.

    Examples
    --------
    >>> from apps.rules.observatories import get_observatory
    >>> dates = ("UseAfter", ("DATE-OBS", "TIME-OBS"), ("1996-01-01 00:00:00",), ("a.fits",))
    >>> cases = ("Match", ("DETECTOR",), (("HRC",), ("SBC",)), (dates, "N/A"))
    >>> found = list_rules(cases, get_observatory("tobs"))
    >>> [key.title for key in found.keys], [row.values for row in found.rows]
    (['DETECTOR', 'USEAFTER'], [('HRC', '1996-01-01 00:00:00'), ('SBC', '')])
    """
    ways = list(_ways(selector))
    levels = dict.fromkeys(level for way, _choice in ways for level, _key in way)
    places, keys = _columns(levels, observatory)
    return Listing(keys, tuple(_row(way, choice, places, len(keys)) for way, choice in ways))


def _ways(selector: Selector, before: _Way = ()) -> Iterator[tuple[_Way, Choice]]:
    kind, parkeys, keys, choices = selector
    for key, choice in zip(keys, choices, strict=True):
        way = (*before, ((kind, parkeys), key))
        if isinstance(choice, str) or choice[0] == SEVERAL:
            yield way, choice
        else:
            yield from _ways(choice, way)


def _columns(
    levels: Collection[_Level], observatory: Observatory
) -> tuple[dict[_Level, int], tuple[Key, ...]]:
    """Return the place of each level's first column, and all columns."""
    matched = [name for kind, parkeys in levels if kind == "Match" for name in parkeys]
    titles = short_names(matched, observatory)
    places: dict[_Level, int] = {}
    columns: list[Key] = []
    for kind, parkeys in levels:
        places[kind, parkeys] = len(columns)
        if kind == "Match":
            columns.extend(Key(titles[name], (name,), kind) for name in parkeys)
        else:
            own = " ".join(short_names(parkeys, observatory).values())
            columns.append(Key(_DATED.get(kind) or f"{kind} {own}".strip(), parkeys, kind))
    return places, tuple(columns)


def _row(way: _Way, choice: Choice, places: Mapping[_Level, int], width: int) -> RuleRow:
    values = [""] * width
    for level, key in way:
        first = places[level]
        texts = key if level[0] == "Match" else (_as_text(level[0], key),)
        values[first : first + len(texts)] = texts
    if isinstance(choice, str):
        return RuleRow(tuple(values), (), choice) if choice in SPECIAL else RuleRow(tuple(values), (choice,))
    return RuleRow(tuple(values), choice[3])


def _as_text(kind: str, key: Any) -> str:
    if kind == "VersionAfter" and isinstance(key, tuple):
        return ".".join(map(str, key))
    return str(key)


def short_names(parkeys: Sequence[str], observatory: Observatory) -> dict[str, str]:
    """Return each parkey with the short name by which people know it. No two short names are the same.

    The short name is the FITS keyword of the parkey if there is one. Otherwise it is the last part of the
    parkey, with the part before it if the last part means nothing by itself.

    Examples
    --------
    >>> from apps.rules.observatories import get_observatory
    >>> short_names(["DETECTOR", "META.INSTRUMENT.BAND"], get_observatory("tobs")).values()
    dict_values(['DETECTOR', 'BAND'])
    >>> short_names(["META.EXPOSURE.TYPE"], get_observatory("tobs")).values()
    dict_values(['EXPOSURE.TYPE'])
    """
    keywords = _keywords(observatory)
    short = {name: keywords.get(name.upper()) or _last(name) for name in parkeys}
    taken = list(short.values())
    return {name: text if taken.count(text) == 1 else name for name, text in short.items()}


@cache
def _keywords(observatory: Observatory) -> dict[str, str]:
    """Return the keyword of each upper case data model path; of several keywords, the first."""
    found: dict[str, str] = {}
    for keyword, paths in observatory.keyword_paths.items():
        for path in paths:
            found.setdefault(path.upper(), keyword)
    return found


def _last(parkey: str) -> str:
    parts = parkey.split(".")
    return ".".join(parts[-2:]) if parts[-1] in _VAGUE and len(parts) > 1 else parts[-1]
