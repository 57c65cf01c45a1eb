"""Headers that announce more than their file has: part of the work of a child."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from pathlib import Path

from apps.certify.child_reporter import Reporter
from apps.certify.fits_structure import BLOCK, bytes_of_data, read_header


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
    with Path(path).open("rb") as stream:
        for number in itertools.count():
            header = read_header(stream, is_first=number == 0)
            end = stream.tell() + bytes_of_data(header)
            if end > size:
                return number, end
            stream.seek(-(-end // BLOCK) * BLOCK)
    raise AssertionError("the parts of a file come to an end")
