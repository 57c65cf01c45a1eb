"""The store of bytes, laid out as a CRDS cache so that a client may mount it read-only.

::

    store/mappings/<observatory>/<mapping>
    store/references/<observatory>/<reference>
    store/config/<observatory>/ref_cache_subdir_mode, server_config

References are not sorted into folders of instruments, and `ref_cache_subdir_mode` says so to clients: a
name is unique in the observatory, and the instrument of a file may become known later than its bytes. A
file appears under its name only when it is complete, and is never written again.

If ``BUCKET`` names a bucket, the files are there, in the same layout, and this folder is a cache of it on
the disk of one machine (`bucket_store`). The verbs are the same. Whoever needs the path of a file asks
`bring` first.
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

from apps.catalog import bucket_store, checksums, pending
from apps.catalog.errors import BadNameError, DamagedFileError, NameTakenError
from apps.core import bucket
from apps.core.files import (
    BLOCK,
    PART,
    copy_bytes,
    forget_cached,
    give_name,
    keep,
    link_or_copy,
    part_beside,
    sync_folder,
    write_once,
)
from apps.rules.naming.file_names import is_file_name, is_mapping

logger = logging.getLogger(__name__)

ABANDONED = 3600  # seconds after which nobody is still writing an unfinished file
REWRITTEN = frozenset({"server_config", "bad_files.txt"})  # Files of configuration that change.


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
    keep_config_once("ref_cache_subdir_mode", b"flat\n")


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
        if bucket.is_used():
            bucket_store.publish(temporary, target, digest)
            temporary.replace(target)
        else:
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


def stored_names() -> Iterator[str]:
    """Yield the name of every file of the store, mappings first; unfinished ones are left out."""
    if bucket.is_used():
        yield from filter(is_file_name, bucket_store.names())
        return
    for folder in (mapping_path("x").parent, reference_path("x").parent):
        if folder.is_dir():
            yield from sorted(path.name for path in folder.iterdir() if is_file_name(path.name))


def has_files_of(observatory: str) -> bool:
    """Return whether the store has any file of an observatory."""
    folders = [settings.STORE_ROOT / part / observatory for part in ("mappings", "references")]
    if bucket.is_used():
        return any(any(bucket.listed(bucket_store.key_of(folder))) for folder in folders)
    return any(folder.is_dir() and any(folder.iterdir()) for folder in folders)


def find_size(name: str) -> int | None:
    """Return the size of a stored file in bytes, or None if the store does not have it."""
    if bucket.is_used():
        found = bucket.find(bucket_store.key_of(path_of(name)))
        return found.size if found else None
    try:
        return path_of(name).stat().st_size
    except FileNotFoundError:
        return None


def read_sum(name: str) -> str:
    """Read all bytes of a stored file, whatever is known about them, and return their sha1sum."""
    if bucket.is_used():
        return bucket.sha1sum(bucket_store.key_of(path_of(name)))
    return checksums.read(path_of(name))


def copy_out(name: str, target: Path) -> str:
    """Copy a stored file to a path that must be free, down to the disk; return the sha1sum of what came."""
    if bucket.is_used():
        return bucket.download(bucket_store.key_of(path_of(name)), target)
    return copy_bytes(path_of(name), target)


def bring(name: str, *, expected_sha1sum: str = "") -> Path:
    """Return the path of a stored file on this machine; a file of the bucket is copied to it first.

    Raises
    ------
    FileNotFoundError
        Raised if the bucket does not have it. Without a bucket the path is returned in any case.
    DamagedFileError
        Raised if the bucket has other bytes than expected.
    """
    path = path_of(name)
    if bucket.is_used():
        bucket_store.bring(path, expected_sha1sum=expected_sha1sum)
    return path


def bring_again(name: str, *, expected_sha1sum: str) -> Path:
    """Replace a copy from the bucket that was altered on our disk; errors as `bring`."""
    path_of(name).unlink(missing_ok=True)
    return bring(name, expected_sha1sum=expected_sha1sum)


def let_go(name: str) -> None:
    """Permit the cache of a bucket to remove its copy of a file first, when it needs room.

    A command through which all files pass calls it after each of them. Otherwise the disk of this machine
    would need room for the whole store.
    """
    if bucket.is_used():
        bucket_store.let_go(path_of(name))


def link_to(name: str) -> str:
    """Return an address of the bucket from which a client can fetch a file; empty if it must ask us."""
    if not bucket.is_used() or settings.BUCKET_DOWNLOADS != "redirect":
        return ""
    return bucket.link_to(bucket_store.key_of(path_of(name)))


def keep_config(name: str, content: bytes) -> None:
    """Write a file of published configuration, in place of the one before. A failure is logged."""
    path = config_path(name)
    keep(path, content)
    if bucket.is_used():
        try:
            bucket.write(bucket_store.key_of(path), content)
        except bucket.BucketError as exc:
            logger.error("%s could not be written to the bucket: %s", name, exc)


def keep_config_once(name: str, content: bytes) -> None:
    """Write a file of published configuration, unless one of that name was ever written."""
    path = config_path(name)
    if path.exists():
        return
    if bucket.is_used():
        with contextlib.suppress(FileExistsError):
            bucket.write_new(bucket_store.key_of(path), content)
        bring_config()
    write_once(path, content, mode=0o644)


def bring_config() -> None:
    """Copy to this machine what others have published once: definitions and packages of the client."""
    if not bucket.is_used():
        return
    for each in bucket.listed(bucket_store.key_of(config_path("x").parent)):
        name = Path(each.key).name
        if name not in REWRITTEN and is_file_name(name) and not config_path(name).exists():
            write_once(config_path(name), bucket.load(each.key) or b"", mode=0o644)


def remove_abandoned_parts() -> int:
    """Remove unfinished files that nobody has touched for an hour, and return how many there were."""
    oldest, removed = time.time() - ABANDONED, 0
    if bucket.is_used():
        for each in bucket.listed(bucket.INCOMING):
            if each.changed_at.timestamp() < oldest:
                bucket.delete(each.key)
                removed += 1
    for folder in (mapping_path("x").parent, reference_path("x").parent):
        for path in folder.glob(f".*{PART}"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    removed += 1
    return removed


def has_other_bytes(name: str, content: bytes) -> bool:
    """Return whether the store has other bytes than `content` under a name, with or without a row."""
    if bucket.is_used():
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        return bucket_store.claimed_sum(name) not in ("", digest)
    path = path_of(name)
    return path.exists() and path.read_bytes() != content


def free_name(path: Path, expected_sha1sum: str) -> None:
    """Free a name whose file has no row, unless that file has the bytes that are about to be stored.

    A kill between writing the bytes and writing the row leaves such a file. It keeps its name for an hour, in
    which its row may still be written. Then another file may have the name. Nothing is deleted: the bytes are
    moved to the folder `unclaimed`.
    """
    if _age_of(path) < ABANDONED or _sum_of(path) == expected_sha1sum:
        return
    target = set_aside(path)
    logger.warning("%s was in the store without a row; its bytes were moved to %s", path.name, target)


def _age_of(path: Path) -> float:
    """Return the seconds since a file of the store got its name; 0 if there is none."""
    if bucket.is_used():
        return bucket_store.claim_age(path.name)
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0


def _sum_of(path: Path) -> str:
    return bucket_store.claimed_sum(path.name) if bucket.is_used() else sha1sum(path)


def set_aside(path: Path) -> str:
    """Move a file to the folder `unclaimed`, and return its path or key there, which nobody else has."""
    if bucket.is_used():
        return bucket_store.set_aside(path)
    folder = settings.DATA_ROOT / "unclaimed"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{path.name}.{secrets.token_hex(4)}"
    shutil.move(path, target)
    return str(target)


def keep_aside(name: str, content: bytes | None) -> Path:
    """Keep small bytes that are about to be replaced in the folder `unclaimed`; return their path."""
    target: Path = settings.DATA_ROOT / "unclaimed" / f"{name}.{secrets.token_hex(4)}"
    write_once(target, content or b"")
    return target


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
    """Copy a file to the disk of the store, or to the bucket, if it lies elsewhere, so that `adopt` is fast.

    The copy has no official name yet. `adopt` or `withdraw` removes it, or a sweep.

    Raises
    ------
    DamagedFileError
        Raised if the copy has another sha1sum than `digest`.
    """
    if bucket.is_used():
        pending.share(source, digest)
        return
    near = _near(name, digest)
    near.parent.mkdir(parents=True, exist_ok=True)
    if source.stat().st_dev != near.parent.stat().st_dev:
        link_or_copy(source, near)
        require_sum(near, digest)


def adopt(source: Path, name: str, digest: str) -> None:
    """Give a file that is on the disk already its name in the store: by a link or, between disks, by a copy.

    In a bucket it is a copy inside the bucket of the bytes that `bring_near` has put there.

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
    if bucket.is_used():
        _adopt_in_bucket(name, digest)
    near, target = _near(name, digest), path_of(name)
    # A file of this name has the same bytes, or it has no row and nobody has read it.
    with checksums.keeping([near, source, target]):
        if near.exists():
            near.replace(target)
        else:
            link_or_copy(source, target)


def _adopt_in_bucket(name: str, digest: str) -> None:
    target = path_of(name)
    if bucket_store.claimed_sum(name) not in ("", digest):
        logger.warning("%s had bytes that a kill left; they were moved to %s", name, set_aside(target))
    bucket_store.give_name(pending.key_of(digest), target, digest)


def withdraw(source: Path, name: str, digest: str) -> None:
    """Undo `adopt`, as long as no row says that the file is held; another file of this name stays.

    Parameters
    ----------
    digest
        The sha1sum of the file; if it is unknown, and empty, only a link is removed.
    """
    target = path_of(name)
    if bucket.is_used():
        if digest:
            bucket_store.withdraw(target, digest)
            target.unlink(missing_ok=True)
        return
    if digest:
        _near(name, digest).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if target.samefile(source) or (digest and sha1sum(target) == digest):
            target.unlink()


def _near(name: str, digest: str) -> Path:
    """Return the path of a copy that waits for its name."""
    return path_of(name).with_name(f".{digest}{PART}")
