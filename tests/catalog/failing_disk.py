"""A program that stores files on a disk that fails now and then; `fiu-run` makes the system calls fail."""

import hashlib
import io
import os
import sys
from pathlib import Path

FILES = 400
CONTENT = b"x" * 300_000


def main(root: Path) -> None:
    import django
    from django.conf import settings

    django.setup()

    from apps.catalog import storage
    from apps.core.outages import DISK, find_outage

    settings.STORE_ROOT = root / "store"
    settings.ARTIFACT_ROOT = root / "artifacts"
    failures = 0
    for number in range(FILES):
        target = storage.path_of(f"jwst_miri_flat_{number:04}.fits")
        content = b"%d" % number + CONTENT
        try:
            digest = storage.put(io.BytesIO(content), target)
        except OSError as exc:
            if find_outage(exc) is not DISK:
                raise
            failures += 1
        else:
            assert digest == hashlib.sha1(content, usedforsecurity=False).hexdigest()
            assert target.read_bytes() == content
    # Standard output may fail like any other file.
    os._exit(3 if failures else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
