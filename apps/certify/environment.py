"""The environment of a child: a few variables, and the store as its cache."""

from __future__ import annotations

import os
import pprint
from collections.abc import Mapping
from pathlib import Path

# Of our variables a child gets only these: no settings, secrets or addresses, and none of the many CRDS_
# variables that an import of the library leaves in a process.
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
PROJECT = Path(__file__).resolve().parents[2]


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


def make_cache(folder: Path, *, store: Path, observatory: str, context: str) -> Path:
    """Make the cache of one job, with links into the store, and return its path.

    The cache has a configuration of our own. The published one lists every file: to read its two megabytes
    takes longer than to check a file.

    Raises
    ------
    FileNotFoundError
        Raised if the store has no mappings of the observatory.
    """
    cache = folder / "cache"
    config = cache / "config" / observatory
    config.mkdir(parents=True)
    for part in ("mappings", "references"):
        (cache / part).symlink_to(store.resolve() / part)
    if not (cache / "mappings" / observatory).is_dir():
        raise FileNotFoundError(f"no mappings of {observatory} in {store}")
    (config / "server_config").write_text(pprint.pformat(_configuration(observatory, context)))
    mode = store / "config" / observatory / "ref_cache_subdir_mode"
    (config / mode.name).write_text(mode.read_text() if mode.is_file() else "flat\n")
    return cache


def _configuration(observatory: str, context: str) -> dict[str, object]:
    return {
        "observatory": observatory,
        "operational_context": context,
        "edit_context": context,
        "bad_files_list": [],
        "bad_files": "",
        "force_remote_mode": False,
        "last_synced": "",
        "status": "cache",
        "connected": False,
    }


def own_environment() -> Mapping[str, str]:
    """Return our own environment variables."""
    return os.environ
