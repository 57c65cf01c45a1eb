"""The search for headers that announce more data than their file has; it runs in a child."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from pathlib import Path

from apps.certify.child_reporter import Reporter
from apps.certify.fits_structure import BLOCK, bytes_of_data, read_header


def hint_at_missing_bytes(path: str, reporter: Reporter) -> None:
    """Report the first HDU of a FITS file that announces more data than the file has.

    The library also fails on such a file, but with a text of the operating system. The line is not counted:
    the verdict stays that of the library.
    """
    name, size = Path(path).name, Path(path).stat().st_size
    # The library has already reported a file that is not FITS or ends within a header.
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        number, needed = _first_beyond(path, size)
        reporter.say(
            "ERROR",
            f"In '{name}' : HDU {number} announces data up to byte {needed}, but the file has {size} bytes.",
        )


def _first_beyond(path: str, size: int) -> tuple[int, int]:
    """Return the number of the first HDU whose data end beyond the file, and the byte where they end.

    If there is no such HDU, an error is raised.
    """
    with Path(path).open("rb") as stream:
        for number in itertools.count():
            header = read_header(stream, is_first=number == 0)
            end = stream.tell() + bytes_of_data(header)
            if end > size:
                return number, end
            stream.seek(-(-end // BLOCK) * BLOCK)
    raise AssertionError("the parts of a file come to an end")
