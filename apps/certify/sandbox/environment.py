"""The environment of a child: a few variables and nothing else of ours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

# Of our variables a child gets only these: no settings, secrets or addresses, and none of the many CRDS_
# variables that an import of the library leaves in a process.
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
PROJECT = Path(__file__).resolve().parents[3]


def child_environment(observatory: str, *, home: Path, outside: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a child.

    Parameters
    ----------
    observatory
        Name in lower case.
    home
        Folder that only this child uses; libraries keep their caches there.
    outside
        Our own environment variables.
    """
    return {
        **{name: outside[name] for name in KEPT if name in outside},
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        # One core is enough for one file, and a process with threads must not fork.
        **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        "CRDS_OBSERVATORY": observatory,
        # The word "serverless" keeps the library from calling a server.
        "CRDS_SERVER_URL": f"https://{observatory}-serverless.invalid",
        "CRDS_READONLY_CACHE": "1",
        "CRDS_PATH": str(home),
    }


def own_environment() -> Mapping[str, str]:
    """Return our own environment variables."""
    return os.environ
