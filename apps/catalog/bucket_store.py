"""The store in a bucket, laid out like the folder, which is then a cache of it on the disk of one machine.

::

    mappings/<observatory>/<mapping>         the bytes
    references/<observatory>/<reference>
    config/<observatory>/...                 written for clients that read the bucket
    names/<name>                             the sha1sum of the bytes that a name means forever
    pending/<sha1sum>                        bytes of deliveries under way, see `pending`
    unclaimed/<name>.<random>                bytes that were set aside

A name is claimed before it gets its bytes. The claim is one small object that is written only if it is new,
so of two writers one wins, at every service. After a kill the same bytes may follow; other bytes may not,
until the claim is set aside.
"""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from apps.catalog import checksums
from apps.catalog.errors import DamagedFileError, NameTakenError
from apps.core import bucket
from apps.core.files import UnfaithfulCopyError, part_beside

USED_AGAIN = 600  # seconds after which another use of a file in the cache is noted
IN_USE = 3600  # seconds in which a file that was used stays in the cache

_since_trim = 0  # bytes that this process has brought since it looked at the size of the cache


def key_of(path: Path) -> str:
    """Return the key of a path of the store."""
    return path.relative_to(settings.STORE_ROOT).as_posix()


def publish(source: Path, target: Path, digest: str) -> None:
    """Store a file of this machine under its name forever.

    Raises
    ------
    NameTakenError
        Raised if the name means other bytes.
    DamagedFileError
        Raised if the bucket reads back other bytes.
    """
    try:
        with bucket.uploaded(source, digest) as waiting:
            give_name(waiting, target, digest)
    except UnfaithfulCopyError as exc:
        raise DamagedFileError(str(exc)) from exc


def give_name(waiting: str, target: Path, digest: str) -> None:
    """Give an object that is in the bucket already its name in the store; errors as `publish`."""
    key = key_of(target)
    is_new = _claim(target.name, digest)
    if bucket.find(key) is None:
        bucket.copy(waiting, key)
    elif bucket.sha1sum(key) != digest:
        # Somebody else than us has put it there, without a claim. Ours must not make it look right later.
        if is_new:
            bucket.delete(_claim_of(target.name))
        raise NameTakenError(f"{target.name} already exists with other bytes; names are never reused.")


def _claim(name: str, digest: str) -> bool:
    """Make a name mean bytes of a sum, and return whether it was free."""
    try:
        bucket.write_new(_claim_of(name), digest.encode())
    except FileExistsError:
        if claimed_sum(name) != digest:
            raise NameTakenError(f"{name} already exists with other bytes; names are never reused.") from None
        return False
    return True


def claimed_sum(name: str) -> str:
    """Return the sha1sum that a name means; empty if the name is free."""
    return (bucket.load(_claim_of(name)) or b"").decode()


def _claim_of(name: str) -> str:
    return f"names/{name}"


def claim_age(name: str) -> float:
    """Return the seconds since a name was claimed; 0 if it is free."""
    found = bucket.find(_claim_of(name))
    return time.time() - found.changed_at.timestamp() if found else 0


def withdraw(target: Path, digest: str) -> None:
    """Take a name from bytes of a sum, so that it is free; a name that means other bytes stays."""
    if claimed_sum(target.name) != digest:
        return
    key = key_of(target)
    if bucket.find(key) is not None and bucket.sha1sum(key) == digest:
        bucket.delete(key)
    bucket.delete(_claim_of(target.name))


def set_aside(target: Path) -> str:
    """Free a name, and return the key that its bytes have from now on."""
    aside = f"unclaimed/{target.name}.{secrets.token_hex(4)}"
    with contextlib.suppress(FileNotFoundError):
        bucket.move(key_of(target), aside)
    bucket.delete(_claim_of(target.name))
    target.unlink(missing_ok=True)
    return aside


def bring(target: Path, *, expected_sha1sum: str = "") -> None:
    """Copy a file from the bucket to its path in the store, unless it is there.

    Raises
    ------
    FileNotFoundError
        Raised if the bucket does not have it.
    DamagedFileError
        Raised if the bucket has other bytes than expected; nothing is kept then.
    """
    if target.exists():
        _note_use(target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_beside(target)
    try:
        digest = bucket.download(key_of(target), part)
        if expected_sha1sum and digest != expected_sha1sum:
            raise DamagedFileError(
                f"{target.name} has sha1sum {digest} in the bucket; {expected_sha1sum} was expected. "
                "Bring its bytes back from a backup, then run verify_store."
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    checksums.remember(target, digest)
    _trim_sometimes(target.stat().st_size)


def _note_use(path: Path) -> None:
    """Renew the time at which a file of the cache was last used, which its sum outlasts."""
    with contextlib.suppress(FileNotFoundError):
        facts = path.stat()
        if facts.st_atime < time.time() - USED_AGAIN:
            with checksums.keeping([path]):
                os.utime(path, ns=(time.time_ns(), facts.st_mtime_ns))


def let_go(path: Path) -> None:
    """Count a copy in the cache as long unused, until somebody uses it."""
    with contextlib.suppress(FileNotFoundError):
        facts = path.stat()
        with checksums.keeping([path]):
            os.utime(path, ns=(0, facts.st_mtime_ns))
        _trim_sometimes(facts.st_size)


def _trim_sometimes(size: int) -> None:
    global _since_trim
    _since_trim += size
    if _since_trim > settings.STORE_CACHE_BYTES // 20:
        _since_trim = 0
        trim()


def trim() -> int:
    """Remove references from the cache that nobody used the longest; return how many.

    Mappings stay: they are small, and every question needs them.
    """
    found = []
    for path in _folder("references").glob("[!.]*"):
        with contextlib.suppress(FileNotFoundError):
            facts = path.stat()
            found.append((facts.st_atime, facts.st_size, path))
    room, removed = settings.STORE_CACHE_BYTES, 0
    for used_at, size, path in sorted(found, reverse=True):
        room -= size
        if room < 0 and used_at < time.time() - IN_USE:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def names() -> Iterator[str]:
    """Yield the name of every file of the store, mappings first."""
    for folder in ("mappings", "references"):
        yield from sorted(Path(each.key).name for each in bucket.listed(key_of(_folder(folder))))


def _folder(name: str) -> Path:
    return Path(settings.STORE_ROOT) / name / settings.OBSERVATORY
