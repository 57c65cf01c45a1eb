"""Arrays of numbers in files, read in parts, and statistics of their values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from apps.certify.quick_looks.limits import BINS, CHUNK, SAMPLE, SCANNED
from apps.certify.quick_looks.values import Numbers

Floats = NDArray[np.float64]
AnyArray = NDArray[Any]


class Array(Protocol):
    """An array that need not be in memory."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def chunks(self) -> Iterator[AnyArray]:
        """Yield the values in flat pieces, in any order."""

    def plane(self, index: tuple[int, ...]) -> AnyArray:
        """Return the image at a position in the axes before the last two."""


@dataclass(frozen=True)
class OnDisk:
    """An array that is in one piece in a file, last axis fastest.

    Only the requested part is mapped, and only while it is needed, so that memory does not grow with the
    file. The caller has checked that the file is long enough.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def chunks(self) -> Iterator[AnyArray]:
        count = math.prod(self.shape)
        for start in range(0, count, CHUNK):
            yield self._mapped(start, (min(CHUNK, count - start),))

    def plane(self, index: tuple[int, ...]) -> AnyArray:
        height, width = self.shape[-2:]
        number = int(np.ravel_multi_index(index, self.shape[:-2])) if index else 0
        return self._mapped(number * height * width, (height, width))

    def _mapped(self, start: int, shape: tuple[int, ...]) -> AnyArray:
        offset = self.offset + start * self.dtype.itemsize
        return np.memmap(self.path, self.dtype, mode="r", offset=offset, shape=shape)


@dataclass(frozen=True)
class InMemory:
    """A numpy array with any strides."""

    values: AnyArray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    def chunks(self) -> Iterator[AnyArray]:
        # With one operand nditer yields the pieces themselves, not tuples of them.
        pieces: Any = np.nditer(self.values, ["external_loop", "buffered", "zerosize_ok"], buffersize=CHUNK)
        yield from pieces

    def plane(self, index: tuple[int, ...]) -> AnyArray:
        return np.asarray(self.values[index])


@dataclass(frozen=True)
class Scaling:
    """The meaning of stored numbers: ``factor * stored + offset``; `blank` marks an undefined value."""

    factor: float = 1.0
    offset: float = 0.0
    blank: int | None = None

    def floats(self, stored: AnyArray) -> Floats:
        """Return the values of stored numbers; for complex ones the magnitude; NaN where undefined."""
        values = np.abs(stored) if stored.dtype.kind == "c" else stored
        result = values.astype(np.float64)
        if self.factor != 1.0 or self.offset != 0.0:
            result = result * self.factor + self.offset
        if self.blank is not None and stored.dtype.kind in "iu":
            result[stored == self.blank] = np.nan
        return result


def is_numeric(dtype: np.dtype[Any]) -> bool:
    """Return whether values of a type can be measured and drawn."""
    return dtype.kind in "biufc"


def measure(array: Array, scaling: Scaling) -> Numbers:
    """Return statistics of the values of an array, which is read once.

    If an array is larger than `SCANNED` bytes, pieces at regular distances are skipped.
    """
    count = math.prod(array.shape)
    leap = max(1, math.ceil(count * array.dtype.itemsize / SCANNED))
    tally = _Tally(max(1, math.ceil(count / leap / SAMPLE)))
    with np.errstate(all="ignore"):
        for number, chunk in enumerate(array.chunks()):
            if number % leap == 0:
                tally.add(scaling.floats(chunk))
        return tally.numbers(count)


class _Tally:
    def __init__(self, step: int) -> None:
        self._step = step
        self._seen = self._odd = 0
        self._sum, self._low, self._high = 0.0, math.inf, -math.inf
        self._samples: list[Floats] = []

    def add(self, values: Floats) -> None:
        finite = values[np.isfinite(values)]
        self._seen += values.size
        self._odd += values.size - finite.size
        if finite.size:
            self._sum += float(finite.sum())
            self._low = min(self._low, float(finite.min()))
            self._high = max(self._high, float(finite.max()))
            self._samples.append(finite[:: self._step].copy())

    def numbers(self, count: int) -> Numbers:
        if not self._samples:
            return Numbers(count, self._seen, self._odd, 0, None, None, None, None, None, None, ())
        sample = np.concatenate(self._samples)
        low, high = _ends(sample)
        counts: Any = np.histogram(sample, bins=BINS, range=(low, high))[0] if low < high else ()
        return Numbers(
            count,
            self._seen,
            self._odd,
            int(sample.size),
            _finite(self._low),
            _finite(self._high),
            _finite(self._sum / (self._seen - self._odd)),
            _finite(float(np.median(sample))),
            _finite(low),
            _finite(high),
            tuple(int(each) for each in counts),
        )


def _ends(sample: Floats) -> tuple[float, float]:
    """Return the ends of a histogram, such that a few extreme values do not push all others into one bin."""
    low, high = (float(each) for each in np.percentile(sample, (0.5, 99.5)))
    if low >= high:
        low, high = float(sample.min()), float(sample.max())
    # If their distance is infinite, or too small to divide into bins, there is nothing to draw.
    return (low, high) if math.isfinite(high - low) and (high - low) / BINS > 0 else (low, low)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
