"""The parent's side of a look: start the child, wait for it, and end it in time."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from apps.certify.ends import TOO_MUCH, is_fault_of_file
from apps.certify.environment import child_environment, own_environment
from apps.certify.errors import ChildAbortedError, ChildError
from apps.certify.quick_looks.errors import BadLookError, TooMuchError
from apps.certify.quick_looks.limits import MIB, LookLimits
from apps.certify.quick_looks.values import LOOK_FILE, QuickLook, loads

__all__ = ["LookLimits", "look_into"]

logger = logging.getLogger(__name__)

PAUSE = 0.2  # seconds between two looks at the clock and at the wish to abort
_WORDS_KEPT = 4_000  # bytes of what a child printed before it died


def _never() -> bool:
    return False


def look_into(
    path: Path,
    folder: Path,
    *,
    name: str,
    observatory: str,
    limits: LookLimits | None = None,
    is_aborted: Callable[[], bool] = _never,
) -> QuickLook:
    """Let a child look into a file, and return what it saw; the folder holds the look then.

    Parameters
    ----------
    path, name
        The file, and what it is called.
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
    limits = limits or LookLimits()
    with tempfile.TemporaryDirectory(prefix="crds-look-") as home, tempfile.TemporaryFile() as stray:
        process = subprocess.Popen(
            [sys.executable, "-m", "apps.certify.quick_looks.child"],
            env=child_environment(observatory, home=Path(home), outside=own_environment()),
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=stray,
            stderr=stray,
            start_new_session=True,
        )
        try:
            _give_orders(process, {"path": str(path), "folder": str(folder), "name": name, **asdict(limits)})
            status = _wait(process, name, limits, is_aborted)
        finally:
            _kill(process)
        if status:
            raise _death(status, name, limits, _last_words(stray.fileno()))
    return _read(folder, name)


def _give_orders(process: subprocess.Popen[bytes], orders: dict[str, object]) -> None:
    assert process.stdin is not None  # noqa: S101 (it was asked for)
    # A child that is dead already tells why by its status.
    with contextlib.suppress(BrokenPipeError), process.stdin as stream:
        stream.write(json.dumps(orders).encode() + b"\n")


def _wait(
    process: subprocess.Popen[bytes], name: str, limits: LookLimits, is_aborted: Callable[[], bool]
) -> int:
    until = time.monotonic() + limits.seconds
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(PAUSE)
        if is_aborted():
            raise ChildAbortedError(f"The look into {name} was stopped.")
        if time.monotonic() > until:
            raise TooMuchError(f"To look into {name} takes longer than {limits.seconds:g} s.")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_words(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, _WORDS_KEPT, max(0, size - _WORDS_KEPT)).decode(errors="replace").strip()


def _death(status: int, name: str, limits: LookLimits, words: str) -> Exception:
    """Return the error for a child that did not come to its end.

    One that a fault of memory ended read what it should not have believed. One that somebody killed, or that
    fell over, is our fault.
    """
    logger.error("looking into %s ended the child with status %d: %s", name, status, words)
    if status == TOO_MUCH:
        return TooMuchError(f"To look into {name} takes more than {limits.memory // MIB} MiB of memory.")
    if status == -signal.SIGXCPU:
        return TooMuchError(f"To look into {name} takes longer than {limits.seconds:g} s.")
    if is_fault_of_file(status):
        return TooMuchError(
            f"Looking into {name} ended the reader: the file is damaged, or asks for too much."
        )
    return ChildError(f"looking into {name} ended with status {status}: {words}")


def _read(folder: Path, name: str) -> QuickLook:
    try:
        return loads((folder / LOOK_FILE).read_bytes())
    except (OSError, BadLookError) as exc:
        raise ChildError(f"looking into {name} left no look: {exc}") from exc
