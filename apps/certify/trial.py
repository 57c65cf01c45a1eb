"""A quick test whether a certification child can start; it skips the imports, which take seconds."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from apps.certify.environment import child_environment, own_environment
from apps.certify.errors import ChildError

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
        with tempfile.TemporaryDirectory(prefix="crds-trial-") as home:
            done = subprocess.run(
                [python, "-c", _PROGRAM],
                env=child_environment(observatory, home=Path(home), outside=own_environment()),
                cwd=home,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired as exc:
        raise ChildError(f"it took longer than {SECONDS:g} s") from exc
    except OSError as exc:
        raise ChildError(str(exc)) from exc
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise ChildError(words[-1])
