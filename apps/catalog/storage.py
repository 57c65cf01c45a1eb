"""The store of bytes, laid out as a CRDS cache so that a client may mount it read-only.

::

    store/mappings/<observatory>/<mapping>
    store/references/<observatory>/<reference>
    store/config/<observatory>/ref_cache_subdir_mode, server_config

References are not sorted into folders of instruments, and `ref_cache_subdir_mode` says so to clients: a name
is unique in the observatory, and the instrument of a file may become known later than its bytes. A file
appears under its name only when it is complete, and is never written again.
"""

import contextlib
import hashlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from apps.catalog import checksums
from apps.catalog.errors import BadNameError, DamagedFileError, NameTakenError
from apps.core.files import (
    BLOCK,
    PART,
    forget_cached,
    give_name,
    link_or_copy,
    part_beside,
    sync_folder,
    write_once,
)
from apps.rules.naming.file_names import is_file_name, is_mapping

logger = logging.getLogger(__name__)

ABANDONED = 3600  # seconds after which nobody is still writing an unfinished file


def mapping_path(name: str) -> Path:
    """Return the path of a mapping, whether or not it exists."""
    return settings.STORE_ROOT / "mappings" / settings.OBSERVATORY / _plain(name)


def reference_path(name: str) -> Path:
    """Return the path of a reference, whether or not it exists."""
    return settings.STORE_ROOT / "references" / settings.OBSERVATORY / _plain(name)


def config_path(name: str) -> Path:
    """Return the path of a file of published configuration, whether or not it exists."""
    return settings.STORE_ROOT / "config" / settings.OBSERVATORY / _plain(name)


def path_of(name: str) -> Path:
    """Return the path of a mapping or reference, whether or not it exists."""
    return mapping_path(name) if is_mapping(name) else reference_path(name)


def _plain(name: str) -> str:
    """Return `name`, or refuse it if it could lead out of its folder."""
    if not is_file_name(name):
        raise BadNameError(f"{name!r} is not a file name: 1 to 128 letters, digits, '.', '_' and '-'.")
    return name


def prepare() -> None:
    """Make the folders of the store, and the file that says to clients that references lie flat."""
    for path in (mapping_path("x"), reference_path("x"), config_path("x")):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_once(config_path("ref_cache_subdir_mode"), b"flat\n", mode=0o644)


def sha1sum(path: Path) -> str:
    """Return the sha1sum of a file's bytes, as 40 lower-case hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()


def put(
    source: BinaryIO,
    target: Path,
    *,
    size: int | None = None,
    expected_sha1sum: str = "",
    is_in_batch: bool = False,
) -> str:
    """Store bytes under a new name forever, and return their sha1sum.

    They are written under a temporary name, synced, read back, compared and given their name. So a kill at
    any moment leaves either the complete file or nothing under its name.

    Parameters
    ----------
    source
        Read to its end.
    target
        A path of this module. If it exists with the same bytes nothing happens.
    size, expected_sha1sum
        The size in bytes and the sha1sum in lower-case hex that they must have; not checked if unknown.
    is_in_batch
        The caller calls `sync_folders` after the last of many files and before a row says that one is held.

    Raises
    ------
    DamagedFileError
        Raised if the bytes disagree with `size` or `expected_sha1sum`, or read back differently.
    NameTakenError
        Raised if the name already means other bytes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = part_beside(target)
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
    checksums.remember(target, digest)
    if not is_in_batch:
        sync_folder(target.parent)
    return digest


def _write(source: BinaryIO, path: Path) -> tuple[int, str]:
    """Copy `source` to a new file, sync it, and return the number of bytes and their sha1sum."""
    digest, written = hashlib.sha1(usedforsecurity=False), 0
    with path.open("xb") as stream:
        for block in _blocks(source):
            stream.write(block)
            digest.update(block)
            written += len(block)
        stream.flush()
        os.fsync(stream.fileno())
        forget_cached(stream.fileno())
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
    """Give the file its name, unless the name is taken."""
    try:
        give_name(temporary, target)
    except FileExistsError:
        if sha1sum(target) != digest:
            raise NameTakenError(
                f"{target.name} already exists with other bytes; names are never reused."
            ) from None


def sync_folders() -> None:
    """Make all new names of the store survive a power cut."""
    sync_folder(mapping_path("x").parent)
    sync_folder(reference_path("x").parent)


def stored_files() -> Iterator[Path]:
    """Yield every file of the store, mappings first; unfinished ones are left out."""
    for folder in (mapping_path("x").parent, reference_path("x").parent):
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if is_file_name(path.name))


def remove_abandoned_parts() -> int:
    """Remove unfinished files that nobody has touched for an hour, and return how many there were."""
    oldest, removed = time.time() - ABANDONED, 0
    for folder in (mapping_path("x").parent, reference_path("x").parent):
        for path in folder.glob(f".*{PART}"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    removed += 1
    return removed


def has_other_bytes(name: str, content: bytes) -> bool:
    """Return whether the store has other bytes than `content` under a name, with or without a row."""
    path = path_of(name)
    return path.exists() and path.read_bytes() != content


def free_name(path: Path, expected_sha1sum: str) -> None:
    """Free a name whose file has no row, unless that file has the bytes that are about to be stored.

    A kill between writing the bytes and writing the row leaves such a file. It keeps its name for an hour, in
    which its row may still be written. Then another file may have the name. Nothing is deleted: the bytes are
    moved to the folder `unclaimed`.
    """
    try:
        if path.stat().st_mtime > time.time() - ABANDONED or sha1sum(path) == expected_sha1sum:
            return
    except FileNotFoundError:
        return
    target = set_aside(path)
    logger.warning("%s was in the store without a row; its bytes were moved to %s", path.name, target)


def set_aside(path: Path) -> Path:
    """Move a file to the folder `unclaimed`, and return its path there, which nobody else has."""
    folder = settings.DATA_ROOT / "unclaimed"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{path.name}.{secrets.token_hex(4)}"
    shutil.move(path, target)
    return Path(target)


def require_sum(path: Path, expected: str) -> None:
    """Check that the bytes of a file are unchanged; they are read only if they may have changed.

    Raises
    ------
    DamagedFileError
        Raised if they have another sha1sum.
    """
    _require_same(path.name, checksums.of_path(path), expected)


def require_same_sum(name: str, content: bytes, expected: str) -> None:
    """Check that bytes in memory are unchanged; errors as `require_sum`."""
    _require_same(name, hashlib.sha1(content, usedforsecurity=False).hexdigest(), expected)


def _require_same(name: str, found: str, expected: str) -> None:
    if found != expected:
        raise DamagedFileError(f"{name} has sha1sum {found}; {expected} was expected.")


def bring_near(source: Path, name: str, digest: str) -> None:
    """Copy a file to the disk of the store if it lies on another one, so that `adopt` is fast.

    The copy has no official name yet. `adopt` or `withdraw` removes it, or a sweep.

    Raises
    ------
    DamagedFileError
        Raised if the copy has another sha1sum than `digest`.
    """
    near = _near(name, digest)
    near.parent.mkdir(parents=True, exist_ok=True)
    if source.stat().st_dev != near.parent.stat().st_dev:
        link_or_copy(source, near)
        require_sum(near, digest)


def adopt(source: Path, name: str, digest: str) -> None:
    """Give a file that is on the disk already its name in the store: by a link or, between disks, by a copy.

    The caller calls `sync_folders` before a row says that the file is held.

    Parameters
    ----------
    source
        Path of the file; it is never written again.
    name
        Reserved by the caller. Bytes that a kill left under it without a row are replaced.
    digest
        The sha1sum of the file.
    """
    near, target = _near(name, digest), path_of(name)
    # A file of this name has the same bytes, or it has no row and nobody has read it.
    with checksums.keeping([near, source, target]):
        if near.exists():
            near.replace(target)
        else:
            link_or_copy(source, target)


def withdraw(source: Path, name: str, digest: str) -> None:
    """Undo `adopt`, as long as no row says that the file is held; another file of this name stays.

    Parameters
    ----------
    digest
        The sha1sum of the file; if it is unknown, and empty, only a link is removed.
    """
    target = path_of(name)
    if digest:
        _near(name, digest).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if target.samefile(source) or (digest and sha1sum(target) == digest):
            target.unlink()


def _near(name: str, digest: str) -> Path:
    """Return the path of a copy that waits for its name."""
    return path_of(name).with_name(f".{digest}{PART}")
