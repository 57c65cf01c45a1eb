"""A look as a value, and as JSON.

Text in it comes from files and is plain text: whoever prints it must escape it.
"""

from __future__ import annotations

import json
import re
import types
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from apps.certify.quick_looks.errors import BadLookError

VERSION = 1  # Looks of other versions are made anew.
LOOK_FILE = "look.json"
_PICTURE_FILE = re.compile(r"part\d{1,4}-(?:linear|asinh)\.webp")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Card:
    """One line of a FITS header, continued ones joined; text that is no card stands in `comment`."""

    keyword: str
    value: str
    comment: str


@dataclass(frozen=True, slots=True)
class Shade:
    """One picture: which value is black, which is white, and what lies between.

    Attributes
    ----------
    stretch
        ``linear`` or ``asinh``.
    file
        Name of the picture beside the look.
    """

    stretch: str
    file: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Pictures of one plane; its first row is at the bottom, and what is no number is transparent.

    Attributes
    ----------
    plane
        Position in each axis before the last two, counted from 1; empty for an image.
    planes
        Length of each of these axes.
    step
        Every how many-th pixel is shown, in both directions.
    """

    plane: tuple[int, ...]
    planes: tuple[int, ...]
    width: int
    height: int
    step: int
    shades: tuple[Shade, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What an array holds.

    Attributes
    ----------
    count
        Values in the array; `seen` of them were looked at, which is all unless the array is very large.
    odd
        How many of these are no finite numbers: NaN, infinite, or marked as undefined.
    minimum, maximum, mean
        Of the finite ones; none if there is none. Of complex values the magnitude counts.
    median, histogram
        Of `sampled` values, evenly taken. The histogram counts between `low` and `high`, the half percent at
        each end left out.
    """

    count: int
    seen: int
    odd: int
    sampled: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    median: float | None
    low: float | None
    high: float | None
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table and what its first rows hold."""

    name: str
    format: str
    unit: str
    first: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilePart:
    """An HDU of a FITS file, or an array of an ASDF file.

    Attributes
    ----------
    number
        FITS: as astropy counts, from 0. ASDF: in the order of the tree, from 0.
    name
        FITS: EXTNAME, and EXTVER unless it is 1. ASDF: the path in the tree.
    shape
        Slowest axis first. Of a table: rows.
    size
        Bytes of data, without padding.
    cards_left
        How many cards there are beyond those kept.
    columns_left
        How many columns there are beyond those kept.
    note
        What is wrong or left out, in a sentence; empty if nothing is.
    """

    number: int
    name: str
    type: str
    shape: tuple[int, ...]
    dtype: str
    size: int
    cards: tuple[Card, ...] = ()
    cards_left: int = 0
    columns: tuple[TableColumn, ...] = ()
    columns_left: int = 0
    numbers: Numbers | None = None
    picture: Picture | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a tree: a branch with children, or a leaf with text.

    Attributes
    ----------
    array
        Number of the part that it describes, if it is an array.
    """

    key: str
    text: str
    children: tuple[Node, ...] = ()
    array: int | None = None


@dataclass(frozen=True, slots=True)
class QuickLook:
    """What is known of the inside of one file.

    Attributes
    ----------
    format
        ``FITS``, ``ASDF``, ``JSON``, ``YAML``, ``text`` or ``unknown``; empty if the look failed.
    tree
        Of an ASDF file.
    text
        Of a text file; `is_cut` tells that it goes on.
    notes
        What is wrong with the whole, or left out, a sentence each.
    failure
        Why there is nothing to see; empty if there is.
    """

    version: int = VERSION
    format: str = ""
    parts: tuple[FilePart, ...] = ()
    tree: tuple[Node, ...] = ()
    text: str = ""
    is_cut: bool = False
    notes: tuple[str, ...] = ()
    failure: str = ""

    def dumps(self) -> bytes:
        """Return the look as JSON."""
        return json.dumps(asdict(self), allow_nan=False, separators=(",", ":")).encode()


def loads(data: bytes) -> QuickLook:
    """Return a look from its JSON.

    Raises
    ------
    BadLookError
        Raised if it is none, or one of another version.
    """
    try:
        plain = json.loads(data)
        if not isinstance(plain, dict) or plain.get("version") != VERSION:
            raise BadLookError(f"a look of version {VERSION} was expected")
        look: QuickLook = _build(QuickLook, plain)
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise BadLookError(f"not a look: {exc}") from exc
    return look


def is_picture_file(name: str) -> bool:
    """Tell whether a name is that of a picture beside a look.

    Examples
    --------
    >>> is_picture_file("part1-linear.webp"), is_picture_file("../part1-linear.webp")
    (True, False)
    """
    return _PICTURE_FILE.fullmatch(name) is not None


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _build(kind: Any, plain: Any) -> Any:
    """Return a value of a type from what JSON made of it."""
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        return kind(**{field.name: _build(hints[field.name], plain[field.name]) for field in fields(kind)})  # type: ignore[operator]
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        return tuple(_build(item, each) for each in plain)
    if get_origin(kind) is types.UnionType:
        return None if plain is None else _build(get_args(kind)[0], plain)
    if kind is float and isinstance(plain, int):
        return float(plain)
    if not isinstance(plain, kind):
        raise BadLookError(f"{plain!r:.40} is no {kind.__name__}")
    return plain
