"""The parent's side of a quick look: a child makes it in the sandbox, and this module reads it."""

from __future__ import annotations

from pathlib import Path

from apps.certify.errors import (
    BrokenCheckError,
    ChildAbortedError,
    ChildError,
    OutOfMemoryError,
    TimedOutError,
)
from apps.certify.quick_looks.errors import BadLookError, TooMuchError
from apps.certify.quick_looks.limits import LOOK_LIMITS, MIB
from apps.certify.quick_looks.values import LOOK_FILE, QuickLook, loads
from apps.certify.sandbox.child_process import IsAborted, never
from apps.certify.sandbox.limits import Limits
from apps.certify.sandbox.one_answer import ask

__all__ = ["LOOK_LIMITS", "Limits", "look_into"]

PROGRAM = "apps.certify.quick_looks.child"


def look_into(
    path: Path,
    folder: Path,
    *,
    name: str,
    observatory: str,
    limits: Limits = LOOK_LIMITS,
    is_aborted: IsAborted = never,
) -> QuickLook:
    """Start a child that reads a file, and return the look, which is also in the folder.

    Parameters
    ----------
    path, name
        The file and its name.
    folder
        Exists, and is empty.
    is_aborted
        Asked several times a second, from this thread.

    Raises
    ------
    TooMuchError
        Raised if the file asks for more than the limits, or ends the child.
    ChildAbortedError
        Raised once the child is dead.
    ChildError
        Raised if the child failed by our fault.
    """
    orders = {"path": str(path), "folder": str(folder), "name": name}
    try:
        ask(PROGRAM, orders, observatory=observatory, limits=limits, is_aborted=is_aborted)
    except ChildAbortedError as exc:
        raise ChildAbortedError(f"The quick look into {name} was stopped.") from exc
    except TimedOutError as exc:
        raise TooMuchError(f"The quick look into {name} takes longer than {limits.seconds:g} s.") from exc
    except OutOfMemoryError as exc:
        raise TooMuchError(
            f"The quick look into {name} takes more than {limits.memory // MIB} MiB of memory."
        ) from exc
    except BrokenCheckError as exc:
        raise TooMuchError(
            f"The quick look into {name} ended abruptly: the file is damaged, or asks for too much."
        ) from exc
    return _read(folder, name)


def _read(folder: Path, name: str) -> QuickLook:
    try:
        return loads((folder / LOOK_FILE).read_bytes())
    except (OSError, BadLookError) as exc:
        raise ChildError(f"looking into {name} left no look: {exc}") from exc
