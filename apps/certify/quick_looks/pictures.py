"""Pictures of planes: every nth pixel, linear between ZScale limits and by asinh between percentiles."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apps.certify.quick_looks.arrays import Array, Floats, Scaling
from apps.certify.quick_looks.limits import LOSSLESS_SIDE, PICTURE_SIDE
from apps.certify.quick_looks.values import Picture, Shade

_SOFTENING = 0.1  # Point where asinh turns from a line into a logarithm, as a fraction of the range.
_PERCENTILES = (0.25, 99.75)
_QUALITY = 70  # quality of WebP; noise takes most of the bytes


def has_planes(shape: tuple[int, ...]) -> bool:
    """Return whether an array contains an image: each of its last two axes has more than one pixel."""
    return len(shape) >= 2 and min(shape[-2:]) > 1 and 0 not in shape


def draw(array: Array, scaling: Scaling, *, folder: Path, number: int) -> Picture | None:
    """Write the pictures of the middle plane of an array, and return their description.

    Parameters
    ----------
    array
        An array with planes.
    folder, number
        Folder for the files, and number of the part, which is in the names of the files.

    Returns
    -------
    None if the plane has no finite value.
    """
    *planes, height, width = array.shape
    index = tuple(length // 2 for length in planes)
    step = math.ceil(max(height, width) / PICTURE_SIDE)
    with np.errstate(all="ignore"):
        # FITS counts rows from the bottom.
        pixels = scaling.floats(array.plane(index)[::step, ::step])[::-1]
        finite = pixels[np.isfinite(pixels)]
        if not finite.size:
            return None
        shades = (
            shade(pixels, zscale(finite), "linear", folder / f"part{number}-linear.webp"),
            shade(pixels, _wide(finite), "asinh", folder / f"part{number}-asinh.webp"),
        )
    plane = tuple(position + 1 for position in index)
    return Picture(plane, tuple(planes), width, height, step, shades)


def shade(pixels: Floats, limits: tuple[float, float], stretch: str, path: Path) -> Shade:
    """Write one picture, and return its description.

    Parameters
    ----------
    pixels
        The first row is the top of the picture.
    limits
        The values that are black and white.
    stretch
        ``linear`` or ``asinh``.
    """
    from PIL import Image

    low, high = limits
    # Halve the numbers first, since the difference of two numbers may overflow.
    bright = np.clip((pixels / 2 - low / 2) / (high / 2 - low / 2), 0, 1) if low < high else pixels * 0 + 0.5
    if stretch == "asinh":
        bright = np.arcsinh(bright / _SOFTENING) / np.arcsinh(1 / _SOFTENING)
    grey = np.nan_to_num(bright * 255).astype(np.uint8)
    is_small = max(grey.shape) <= LOSSLESS_SIDE
    image = Image.fromarray(_with_gaps(grey, pixels))
    image.save(path, "WEBP", lossless=is_small, quality=_QUALITY, method=4)
    return Shade(stretch, path.name, low, high)


def _with_gaps(grey: NDArray[np.uint8], pixels: Floats) -> NDArray[np.uint8]:
    """Return the pixels of a picture, transparent where the value is not finite."""
    there = np.isfinite(pixels)
    if there.all():
        return grey
    opacity = there.astype(np.uint8) * np.uint8(255)
    return np.stack([grey, grey, grey, opacity], axis=-1)


def zscale(finite: Floats) -> tuple[float, float]:
    """Return the values between which the ZScale algorithm shows finite values."""
    from astropy.visualization import ZScaleInterval

    low, high = (float(each) for each in ZScaleInterval().get_limits(finite))
    return (low, high) if low < high else _all(finite)


def _wide(finite: Floats) -> tuple[float, float]:
    low, high = (float(each) for each in np.percentile(finite, _PERCENTILES))
    return (low, high) if low < high else _all(finite)


def _all(finite: Floats) -> tuple[float, float]:
    return float(finite.min()), float(finite.max())
