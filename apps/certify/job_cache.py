"""The cache of one job: links into the store, and a short configuration."""

from __future__ import annotations

import pprint
from pathlib import Path


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
