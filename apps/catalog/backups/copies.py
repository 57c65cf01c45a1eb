"""Copies of files that are read back before they get their name."""

from collections.abc import Callable
from pathlib import Path

from apps.catalog.backups.layout import HeldFile, sha1sum
from apps.core.files import copy_bytes, part_beside


def copy(
    source: Path,
    target: Path,
    file: HeldFile,
    *,
    make_room: Callable[[Path], object] = lambda _target: None,
) -> str:
    """Copy a file, and return what is wrong with it; empty if the copy is complete and read back.

    Nothing appears under the name of `target` unless its bytes have the sum of `file`.

    Parameters
    ----------
    make_room
        Is called with `target` when the copy is good, before it gets the name; by default another file of
        that name is replaced.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_beside(target)
    try:
        digest = copy_bytes(source, part)
        if digest != file.sha1sum:
            return f"{file.name} has sha1sum {digest}; {file.sha1sum} was expected."
        if sha1sum(part) != digest:
            return (
                f"{file.name} read back differently than it was written; check the disk of {target.parent}."
            )
        make_room(target)
        part.replace(target)
    except FileNotFoundError:
        return f"{file.name} is not at {source}."
    finally:
        part.unlink(missing_ok=True)
    return ""


def is_there(target: Path, file: HeldFile, *, is_read: bool) -> bool:
    """Return whether a copy of an earlier run is there; its bytes are compared if `is_read`."""
    try:
        if target.stat().st_size != file.size:
            return False
    except FileNotFoundError:
        return False
    return not is_read or sha1sum(target) == file.sha1sum
