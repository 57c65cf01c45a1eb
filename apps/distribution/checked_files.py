"""Files below the data root that save work. Each begins with its own checksum, so that damage is noticed."""

import hashlib
from pathlib import Path

from apps.core.files import keep

_DIGEST = 40  # hex digits in front of the content


def keep_checked(path: Path, content: bytes) -> None:
    """Write the file with its checksum. Log a failure to write it, and raise nothing."""
    keep(path, _sha1sum(content) + content)


def load_checked(path: Path) -> bytes | None:
    """Return the content of a file, or None if it is absent or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, content = data[:_DIGEST], data[_DIGEST:]
    return content if digest == _sha1sum(content) else None


def _sha1sum(content: bytes) -> bytes:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest().encode()
