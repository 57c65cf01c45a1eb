"""Headers that announce more than their file has: part of the work of a child."""

from __future__ import annotations

import contextlib
import itertools
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.certify.child_reporter import Reporter

BLOCK = 2880  # bytes, of which a FITS file is made


def hint_at_missing_bytes(path: str, reporter: Reporter) -> None:
    """Say which part of a FITS file announces data that are not there.

    The library fails on such a file, too, but in words of the operating system. The line is not counted, so
    that the verdict stays the library's.
    """
    name, size = Path(path).name, Path(path).stat().st_size
    # What is no FITS at all, or ends within a header, has been told.
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        number, needed = _first_beyond(path, size)
        reporter.say(
            "ERROR",
            f"In '{name}' : HDU {number} announces data up to byte {needed}, but the file has {size} bytes.",
        )


def _first_beyond(path: str, size: int) -> tuple[int, int]:
    """Return the number of the first HDU whose data end beyond the file, and where; an error if none does."""
    from astropy.io import fits

    with Path(path).open("rb") as stream:
        for number in itertools.count():
            header = fits.Header.fromfile(stream)
            end = stream.tell() + _bytes_of_data(header)
            if end > size:
                return number, end
            stream.seek(-(-end // BLOCK) * BLOCK)
    raise AssertionError("the parts of a file come to an end")


def _bytes_of_data(header: Mapping[str, Any]) -> int:
    """Return how many bytes follow a header (FITS standard, section 4.4.1)."""
    axes = [int(header[f"NAXIS{number}"]) for number in range(1, int(header["NAXIS"]) + 1)]
    values = math.prod(axes) if axes else 0
    repeated = int(header.get("GCOUNT", 1)) * (int(header.get("PCOUNT", 0)) + values)
    return abs(int(header["BITPIX"])) // 8 * repeated
