"""The parent's side of the comparison of two images: a child makes it in the sandbox."""

from __future__ import annotations

from pathlib import Path

from apps.certify.concurrent_children import few_at_once
from apps.certify.differences import COMPARE_LIMITS, require_comparable_size
from apps.certify.errors import BrokenCheckError, RefusedJobError, TimedOutError
from apps.certify.picture_comparison.values import PictureComparison, from_json
from apps.certify.sandbox.limits import Limits
from apps.certify.sandbox.one_answer import ask

PROGRAM = "apps.certify.picture_comparison.child"


def compare_pictures(
    old: Path,
    new: Path,
    folder: Path,
    *,
    name: str,
    part: str,
    observatory: str,
    limits: Limits = COMPARE_LIMITS,
) -> PictureComparison:
    """Compare one image of two files; the pictures are written into a folder.

    Parameters
    ----------
    old, new, folder
        Absolute paths.
    name
        Name of one of the files; its extension counts if the first bytes do not show the format.
    part
        Name of the HDU or array; the first that both have if it is empty or unknown.

    Raises
    ------
    RefusedJobError
        Raised if a file is too big or cannot be read.
    BusyError
        Raised if too many files are being read now.
    TimedOutError, BrokenCheckError
        Raised if the comparison took too long, or if the files ended the child.
    ChildError
        Raised if the child failed by our fault.
    """
    for path in (old, new):
        require_comparable_size(path)
    orders = {"old": str(old), "new": str(new), "folder": str(folder), "name": name, "part": part}
    with few_at_once():
        try:
            answer = ask(PROGRAM, orders, observatory=observatory, limits=limits)
        except TimedOutError as exc:
            raise TimedOutError(f"The pictures take longer than {limits.seconds:g} s to draw.") from exc
        except BrokenCheckError as exc:
            raise BrokenCheckError(
                "The pictures cannot be drawn: one of the files is damaged, or needs too much memory.",
                file=name,
                detail=exc.detail,
            ) from exc
    if "refused" in answer:
        raise RefusedJobError(answer["refused"])
    return from_json(answer["comparison"])
