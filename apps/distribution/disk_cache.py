"""Small files below the data root that spare us work; without them everything is only slower."""

import contextlib
import logging
import os
import secrets
from pathlib import Path

logger = logging.getLogger(__name__)


def keep(path: Path, content: bytes) -> None:
    """Write a file so that readers find the old one or the new one, complete.

    A full or broken disk is logged and costs speed, not the answer that was about to be given.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as exc:
        logger.error("%s could not be kept: %s", path, exc)
        with contextlib.suppress(OSError):
            temporary.unlink()
