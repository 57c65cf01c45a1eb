"""A quick test whether a certification child can start; it skips the imports, which take seconds."""

from __future__ import annotations

import sys

from apps.certify.errors import ChildError
from apps.certify.sandbox.child_process import ChildProcess

SECONDS = 30.0  # enough for a busy machine
_PACKAGES = ("crds", "astropy", "asdf", "numpy", "apps.certify.child")
_PROGRAM = f"""
import importlib.util, sys
missing = [name for name in {_PACKAGES!r} if importlib.util.find_spec(name) is None]
sys.exit("not installed: " + ", ".join(missing) if missing else 0)
"""


def try_child(observatory: str, *, python: str = sys.executable) -> None:
    """Start a program in the environment of a child; the program checks that its packages are installed.

    Raises
    ------
    ChildError
        Raised with the reason if the program cannot start, or a package is missing.
    """
    try:
        child = ChildProcess(("-c", _PROGRAM), observatory=observatory, python=python)
    except OSError as exc:
        raise ChildError(str(exc)) from exc
    try:
        status = child.wait(SECONDS)
        words = child.printed().splitlines() or [f"status {status}"]
    finally:
        child.end()
    if status is None:
        raise ChildError(f"it took longer than {SECONDS:g} s")
    if status:
        raise ChildError(words[-1])
