"""A look as a value and as JSON.

Its text comes from files and is plain text: code that prints it must escape it.
"""

from __future__ import annotations

import json
import re
import types
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from apps.certify.quick_looks.errors import BadLookError

VERSION = 2  # Looks of other versions are made again.
LOOK_FILE = "look.json"
_PICTURE_FILE = re.compile(r"part\d{1,4}-(?:linear|asinh|old|new|ratio)\.webp")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Card:
    """One line of a FITS header, continued lines joined; text that is not a card is in `comment`."""

    keyword: str
    value: str
    comment: str


@dataclass(frozen=True, slots=True)
class Shade:
    """One picture: its black value `low`, its white value `high`, and the stretch between them.

    Attributes
    ----------
    stretch
        ``linear`` or ``asinh``.
    file
        Name of the picture in the folder of the look.
    """

    stretch: str
    file: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Pictures of one plane; the first row is at the bottom, and values that are not finite are transparent.

    Attributes
    ----------
    plane
        Position in each axis before the last two, counted from 1; empty for an image.
    planes
        Length of each of these axes.
    step
        Distance of the pixels that are shown, in both directions; 1 means every pixel.
    """

    plane: tuple[int, ...]
    planes: tuple[int, ...]
    width: int
    height: int
    step: int
    shades: tuple[Shade, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Statistics of the values of an array.

    Attributes
    ----------
    count
        Number of values in the array. `seen` of them were read: all, unless the array is very large.
    odd
        Number of values read that are NaN, infinite, or marked as undefined.
    minimum, maximum, mean
        Of the finite values; None if there are none. For complex values the magnitude counts.
    median, histogram
        Of `sampled` finite values, taken at regular distances. The histogram goes from `low` to `high`, which
        leaves out half a percent at each end.
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
    """A column of a table and the values of its first rows."""

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
        Lengths of the axes, slowest first; for a table the number of rows.
    size
        Bytes of data, without padding.
    cards_left
        Number of cards beyond those kept.
    columns_left
        Number of columns beyond those kept.
    note
        A sentence that says what is wrong or left out; empty if nothing is.
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
    """The contents of one file, as far as they are known.

    Attributes
    ----------
    format
        ``FITS``, ``ASDF``, ``JSON``, ``YAML``, ``text`` or ``unknown``; empty if the look failed.
    tree
        The tree of an ASDF file.
    text
        The text of a text file; if `is_cut`, the file has more.
    notes
        Sentences that say what is wrong with the whole file, or left out.
    failure
        The reason why nothing can be shown; empty if there is none.
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
        Raised if `data` is not a look, or is of another version.
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
    """Return whether a name is that of a picture of a look.

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
    """Return the value of type `kind` that JSON represents as `plain`."""
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
