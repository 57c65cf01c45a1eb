"""The summary of an array in a look: statistics, pictures, and errors that do not end the look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from apps.certify.quick_looks.arrays import Array, Scaling, is_numeric, measure
from apps.certify.quick_looks.limits import MOST_PICTURES
from apps.certify.quick_looks.pictures import draw, has_planes
from apps.certify.quick_looks.values import Numbers, Picture


class ArrayTaker(Protocol):
    """The receiver of the arrays of a file, one after the other."""

    def show(
        self, array: Array, scaling: Scaling, *, number: int
    ) -> tuple[Numbers | None, Picture | None, str]:
        """Take the array of part `number`; return what the look shows of it, and a note."""


@dataclass
class ArraySummarizer:
    """A summarizer of arrays: the folder for the pictures of one look, and the number drawn so far."""

    folder: Path
    drawn: int = 0

    def show(
        self, array: Array, scaling: Scaling, *, number: int
    ) -> tuple[Numbers | None, Picture | None, str]:
        """Return the numbers and the picture of an array, and the reason why the picture is missing."""
        if not is_numeric(array.dtype) or 0 in array.shape or not array.shape:
            return None, None, ""
        numbers = measure(array, scaling)
        if not has_planes(array.shape):
            return numbers, None, ""
        if self.drawn >= MOST_PICTURES:
            return numbers, None, f"Only the first {MOST_PICTURES} arrays are drawn."
        picture = draw(array, scaling, folder=self.folder, number=number)
        if picture is None:
            return numbers, None, "No pixel of the plane that would be drawn is a finite number."
        self.drawn += 1
        return numbers, picture, ""
