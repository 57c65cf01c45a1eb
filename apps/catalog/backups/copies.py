"""Copies of files that are read back before they get their name."""

from pathlib import Path

from apps.catalog import storage
from apps.catalog.backups.layout import HeldFile, sha1sum
from apps.core.files import part_beside


def copy(
    target: Path,
    file: HeldFile,
) -> str:
    """Copy a file of the store, and return what is wrong with it; empty if the copy is read back and good.

    Nothing appears under the name of `target` unless its bytes have the sum of `file`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_beside(target)
    try:
        digest = storage.copy_out(file.name, part)
        if digest != file.sha1sum:
            return f"{file.name} has sha1sum {digest}; {file.sha1sum} was expected."
        if sha1sum(part) != digest:
            return (
                f"{file.name} read back differently than it was written; check the disk of {target.parent}."
            )
        part.replace(target)
    except FileNotFoundError:
        return f"{file.name} is not in the store."
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
