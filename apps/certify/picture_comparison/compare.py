"""The comparison of the same image in two files."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from apps.certify.picture_comparison.values import NEW, OLD, RATIO, Drawn, PictureComparison, Statistics
from apps.certify.quick_looks.arrays import Array, Floats, Scaling, is_numeric
from apps.certify.quick_looks.limits import PICTURE_SIDE
from apps.certify.quick_looks.make import read
from apps.certify.quick_looks.pictures import has_planes, shade, zscale
from apps.certify.quick_looks.values import Numbers, Picture

LARGEST_SIDE = 4096  # pixels; of a larger plane only every nth pixel is read
_RATIO_PERCENTILES = (1, 99)


@dataclass
class ArrayCollector:
    """The arrays of a file by the number of their part, not yet read."""

    found: dict[int, tuple[Array, Scaling]] = field(default_factory=dict)

    def show(
        self, array: Array, scaling: Scaling, *, number: int
    ) -> tuple[Numbers | None, Picture | None, str]:
        """Note the array; nothing of it is shown."""
        self.found[number] = array, scaling
        return None, None, ""


@dataclass(frozen=True)
class NamedImage:
    """An image of a file that can be drawn."""

    array: Array
    scaling: Scaling

    def plane(self) -> Floats:
        """Return the middle plane, its first row at the top of the picture; FITS counts from the bottom."""
        step = math.ceil(max(self.array.shape[-2:]) / LARGEST_SIDE)
        return self.scaling.floats(self.array.plane(self.position)[::step, ::step])[::-1]

    @property
    def position(self) -> tuple[int, ...]:
        """Position of the middle plane in the axes before the last two."""
        return tuple(length // 2 for length in self.array.shape[:-2])


def compare(old: Path, new: Path, folder: Path, *, name: str, part: str) -> PictureComparison:
    """Compare one image of two files, and write its pictures into a folder.

    Parameters
    ----------
    name
        Name of one of the files; both are of the same format.
    part
        Name of the part to compare; the first that both have if it is empty or unknown.

    Raises
    ------
    UnreadableFileError
        Raised if a file cannot be read.
    """
    before, after = images_of(old, name), images_of(new, name)
    common = [each for each in before if each in after]
    names = tuple(each for each in common if before[each].array.shape == after[each].array.shape)
    if not names:
        return PictureComparison(problem=_why_none(before, after, common))
    chosen = part if part in names else names[0]
    return _compared(before[chosen], after[chosen], folder, chosen, names)


def images_of(path: Path, name: str) -> dict[str, NamedImage]:
    """Return the images of a file by the names of their parts; a second part of the same name is left out."""
    collector = ArrayCollector()
    look = read(path, collector, name=name)
    images: dict[str, NamedImage] = {}
    for part in look.parts:
        array, scaling = collector.found.get(part.number, (None, Scaling()))
        if array is not None and is_numeric(array.dtype) and has_planes(array.shape):
            images.setdefault(part.name or f"part {part.number}", NamedImage(array, scaling))
    return images


def _why_none(before: dict[str, NamedImage], after: dict[str, NamedImage], common: list[str]) -> str:
    if not common:
        ours, theirs = (", ".join(images) or "none" for images in (before, after))
        return (
            f"The files have no image of the same name. Images of the first: {ours}; of the second: {theirs}."
        )
    shapes = "; ".join(
        f"{name} has {_size(before[name].array)} pixels in the first, {_size(after[name].array)} in the other"
        for name in common
    )
    return f"No image has the same size in both files: {shapes}."


def _size(array: Array) -> str:
    return " by ".join(map(str, array.shape[::-1]))


def _compared(
    before: NamedImage, after: NamedImage, folder: Path, part: str, names: tuple[str, ...]
) -> PictureComparison:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old, new = before.plane(), after.plane()
        ratio = np.where(old != 0, new / old, np.nan)
        # Two undefined values are equal.
        changed = int(np.count_nonzero((old != new) & ~(np.isnan(old) & np.isnan(new))))
        height, width = before.array.shape[-2:]
        step = math.ceil(max(old.shape) / PICTURE_SIDE)
        return PictureComparison(
            part=part,
            parts=names,
            plane=_plane(before),
            width=width,
            height=height,
            step=step * math.ceil(max(height, width) / LARGEST_SIDE),
            compared=old.size,
            changed=changed,
            statistics=(
                _statistics("Old", old),
                _statistics("New", new),
                _statistics("New - old", new - old),
                _statistics("New / old", ratio),
            ),
            pictures=_pictures(
                old[::step, ::step], new[::step, ::step], ratio[::step, ::step], folder=folder
            ),
        )


def _plane(image: NamedImage) -> str:
    axes = zip(image.position, image.array.shape[:-2], strict=True)
    return ", ".join(f"plane {at + 1} of {length}" for at, length in axes)


def _pictures(old: Floats, new: Floats, ratio: Floats, *, folder: Path) -> tuple[Drawn, ...]:
    """Draw old and new between the same values, so that equal values are equally bright."""
    found = []
    if both := _finite(np.concatenate([old.ravel(), new.ravel()])):
        limits = zscale(both[0])
        found += [_draw("Old", old, limits, folder / OLD), _draw("New", new, limits, folder / NEW)]
    if ratios := _finite(ratio.ravel()):
        low, high = (float(each) for each in np.percentile(ratios[0], _RATIO_PERCENTILES))
        found.append(_draw("New / old", ratio, (low, high), folder / RATIO))
    return tuple(found)


def _finite(values: Floats) -> list[Floats]:
    """Return the finite values; nothing if there are none."""
    finite = values[np.isfinite(values)]
    return [finite] if finite.size else []


def _draw(title: str, pixels: Floats, limits: tuple[float, float], path: Path) -> Drawn:
    drawn = shade(pixels, limits, "linear", path)
    return Drawn(title, drawn.file, drawn.low, drawn.high)


def _statistics(title: str, values: Floats) -> Statistics:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Statistics(title, None, None, None, None, None, 0)
    return Statistics(
        title,
        minimum=_finite_number(finite.min()),
        maximum=_finite_number(finite.max()),
        mean=_finite_number(finite.mean()),
        median=_finite_number(np.median(finite)),
        deviation=_finite_number(finite.std()),
        count=finite.size,
    )


def _finite_number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
