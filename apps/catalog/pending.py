"""Bytes of deliveries under way, in the bucket, for machines that share no folder.

A file that a person uploads reaches one web process, another machine checks it, and a third one makes it
official. Each keeps files at its own paths. What they share lies in the bucket under the sha1sum that the
row of the file has. Without a bucket the machines share a folder, and nothing here does anything.
"""

import time
from collections.abc import Collection
from pathlib import Path

from apps.catalog import checksums
from apps.core import bucket
from apps.core.files import UnfaithfulCopyError, part_beside

FOLDER = "pending"
# Seconds. Bytes are renewed when they come again after the first time, and removed after the second.
RENEWED, ABANDONED = 12 * 3600, 24 * 3600


def key_of(digest: str) -> str:
    """Return the key of bytes by their sha1sum."""
    return f"{FOLDER}/{digest}"


def share(path: Path, digest: str) -> None:
    """Make the bytes of a file available to other machines, if there is a bucket.

    Raises
    ------
    UnfaithfulCopyError
        Raised if they read back differently, or the file has other bytes than `digest` says.
    """
    if not bucket.is_used():
        return
    found = bucket.find(key_of(digest))
    if found is None or found.changed_at.timestamp() < time.time() - RENEWED:
        bucket.upload(key_of(digest), path, digest)


def bring(path: Path, digest: str) -> None:
    """Put the bytes of a sum at a path, if there is a bucket that has them and they are not there already.

    Raises
    ------
    UnfaithfulCopyError
        Raised if the bucket has other bytes under this sum.
    """
    if not bucket.is_used() or not digest or _has(path, digest) or bucket.find(key_of(digest)) is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_beside(path)
    try:
        if (found := bucket.download(key_of(digest), part)) != digest:
            raise UnfaithfulCopyError(
                f"{path.name} has the sha1sum {found} in the bucket; {digest} was expected. Upload it again."
            )
        part.replace(path)
        checksums.remember(path, digest)
    finally:
        part.unlink(missing_ok=True)


def _has(path: Path, digest: str) -> bool:
    try:
        return checksums.of_path(path) == digest
    except FileNotFoundError:
        return False


def remove_others(needed: Collection[str]) -> int:
    """Remove bytes of deliveries that are over, which nobody needs; return how many files."""
    if not bucket.is_used():
        return 0
    removed = 0
    for each in bucket.listed(FOLDER):
        is_old = each.changed_at.timestamp() < time.time() - ABANDONED
        if is_old and each.key.rpartition("/")[2] not in needed:
            bucket.delete(each.key)
            removed += 1
    return removed
