"""The store of bytes, laid out as a CRDS cache so that a client may mount it read-only.

::

    store/mappings/<observatory>/<mapping>
    store/references/<observatory>/<instrument>/<reference>
    store/config/<observatory>/server_config

A file appears under its name only when it is complete, and is never written again.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from apps.catalog.errors import BadNameError, DamagedFileError, NameTakenError
from apps.rules.names import is_file_name

BLOCK = 1 << 20  # bytes


def mapping_path(name: str) -> Path:
    """Return where the bytes of a mapping are, or would be."""
    return settings.STORE_ROOT / "mappings" / settings.OBSERVATORY / _plain(name)


def reference_path(name: str, *, instrument: str) -> Path:
    """Return where the bytes of a reference are, or would be."""
    return settings.STORE_ROOT / "references" / settings.OBSERVATORY / _plain(instrument) / _plain(name)


def config_path(name: str) -> Path:
    """Return where a file of published configuration is, or would be."""
    return settings.STORE_ROOT / "config" / settings.OBSERVATORY / _plain(name)


def _plain(name: str) -> str:
    """Return `name` if it cannot leave its folder, else refuse it."""
    if not is_file_name(name):
        raise BadNameError(f"{name!r} is not a file name: 1 to 128 letters, digits, '.', '_' and '-'.")
    return name


def sha1sum(path: Path) -> str:
    """Return the sha1sum of a file's bytes, as 40 lower-case hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()


def put(source: BinaryIO, target: Path, *, size: int | None = None, expected_sha1sum: str = "") -> str:
    """Store bytes under a new name for ever, and return their sha1sum.

    They are written under a temporary name, synced, read back, compared and renamed, so that a kill
    at any moment leaves the complete file or nothing under its name.

    Parameters
    ----------
    source
        Read to its end.
    target
        A path of this module. If it exists with the same bytes nothing happens.
    size, expected_sha1sum
        What the bytes must have, in bytes and lower-case hex; not checked if unknown.

    Raises
    ------
    DamagedFileError
        Raised if the bytes disagree with `size` or `expected_sha1sum`, or read back differently.
    NameTakenError
        Raised if the name already means other bytes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        written, digest = _write(source, temporary)
        _require_agreement(target.name, written, digest, size=size, expected_sha1sum=expected_sha1sum)
        if sha1sum(temporary) != digest:
            raise DamagedFileError(
                f"{target.name} read back differently than it was written; check the disk."
            )
        _publish(temporary, target, digest)
    finally:
        temporary.unlink(missing_ok=True)
    return digest


def _write(source: BinaryIO, path: Path) -> tuple[int, str]:
    """Copy `source` to a new file and to the disk; return bytes written and their sha1sum."""
    digest, written = hashlib.sha1(usedforsecurity=False), 0
    with path.open("xb") as stream:
        for block in _blocks(source):
            stream.write(block)
            digest.update(block)
            written += len(block)
        stream.flush()
        os.fsync(stream.fileno())
    return written, digest.hexdigest()


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    while block := source.read(BLOCK):
        yield block


def _require_agreement(
    name: str, written: int, digest: str, *, size: int | None, expected_sha1sum: str
) -> None:
    if size is not None and written != size:
        raise DamagedFileError(f"{name} has {written} bytes; {size} were expected.")
    if expected_sha1sum and digest != expected_sha1sum:
        raise DamagedFileError(f"{name} has sha1sum {digest}; {expected_sha1sum} was expected.")


def _publish(temporary: Path, target: Path, digest: str) -> None:
    """Give the file its name, unless the name is taken: a link, unlike a rename, never overwrites."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        if sha1sum(target) != digest:
            raise NameTakenError(
                f"{target.name} already exists with other bytes; names are never reused."
            ) from None
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
