"""Pixel values that look like a detector and are the same on every processor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# A linear congruential generator; the numbers are those of Numerical Recipes.
_MULTIPLIER, _INCREMENT, _MASK = 1664525, 1013904223, 0xFFFFFFFF

Floats = NDArray[np.float32]
Flags = NDArray[np.uint32]


class Pixels:
    """A stream of values that a seed determines.

    All values are whole numbers divided by powers of two. Sums and products of other floating point numbers
    may differ in the last bit between processors, and the checksum of the file would differ too.
    """

    def __init__(self, seed: int) -> None:
        self._states = self._generate(seed)

    @staticmethod
    def _generate(state: int) -> Iterator[int]:
        while True:
            state = (state * _MULTIPLIER + _INCREMENT) & _MASK
            yield state >> 16  # The low bits of such a generator repeat soon.

    def whole(self, low: int, high: int) -> int:
        """Return a whole number, both ends included."""
        return low + next(self._states) % (high - low + 1)

    def fraction(self, exponent: int, steps: int) -> float:
        """Return a multiple of two to the power `exponent`, at most `steps` of them up or down."""
        return float(self.whole(-steps, steps)) * 2.0**exponent

    def noise(self, *shape: int, steps: int = 8) -> NDArray[np.int64]:
        """Return whole numbers from ``-steps`` to `steps`."""
        count = int(np.prod(shape))
        values = [self.whole(-steps, steps) for _ in range(count)]
        return np.array(values, dtype=np.int64).reshape(shape)

    def level(self, value: float, *shape: int, relative_step: int = -10) -> Floats:
        """Return an image around `value` with noise in steps of two to the power `relative_step`."""
        factor = 1.0 + self.noise(*shape) * 2.0**relative_step
        return (value * factor).astype(np.float32)

    def illumination(self, size: int) -> Floats:
        """Return a flat field: bright in the middle, a little darker at the edges, with noise."""
        distance = np.arange(size) - size // 2
        fall = (distance[:, None] ** 2 + distance[None, :] ** 2) * 2.0**-13
        return (1.0 - fall + self.noise(size, size) * 2.0**-9).astype(np.float32)

    def flags(self, size: int, *values: int, count: int = 6) -> Flags:
        """Return data quality flags, zero but for `count` pixels that have one of `values`."""
        plane = np.zeros((size, size), dtype=np.uint32)
        for number in range(count):
            plane[self.whole(0, size - 1), self.whole(0, size - 1)] = values[number % len(values)]
        return plane
