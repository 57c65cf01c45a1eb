"""The comparison of two images, as the child writes it and the page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

VERSION = 2  # Raise it when pictures or numbers change; addresses and the cache have it.
OLD, NEW, RATIO = "part0-old.webp", "part0-new.webp", "part0-ratio.webp"  # as pictures of looks are named


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of finite values; None for a number that does not exist or is infinite.

    Attributes
    ----------
    deviation
        Standard deviation.
    count
        Number of finite values.
    """

    title: str
    minimum: float | None
    maximum: float | None
    mean: float | None
    median: float | None
    deviation: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture: its file, and the values that are black and white."""

    title: str
    file: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PictureComparison:
    """Two images, compared.

    Attributes
    ----------
    part
        Name of the HDU or array that was compared; empty if nothing can be compared.
    parts
        Names of all parts that both files have as images of equal shape.
    problem
        The reason why nothing was compared.
    plane
        Position of the compared plane, counted from 1, in words; empty for an image of two axes.
    width, height
        Size of the plane in pixels.
    step
        Every nth pixel in each direction is drawn.
    compared, changed
        Number of pixels that were compared, and of those whose values differ. Of a very large plane only
        every nth pixel in each direction is compared.
    """

    part: str = ""
    parts: tuple[str, ...] = ()
    problem: str = ""
    plane: str = ""
    width: int = 0
    height: int = 0
    step: int = 1
    compared: int = 0
    changed: int = 0
    statistics: tuple[Statistics, ...] = ()
    pictures: tuple[Drawn, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def from_json(values: Mapping[str, Any]) -> PictureComparison:
    """Return the comparison that `PictureComparison.as_json` turned into plain values."""
    plain = {name: value for name, value in values.items() if name not in ("parts", "statistics", "pictures")}
    return PictureComparison(
        **plain,
        parts=tuple(values["parts"]),
        statistics=tuple(Statistics(**each) for each in values["statistics"]),
        pictures=tuple(Drawn(**each) for each in values["pictures"]),
    )
