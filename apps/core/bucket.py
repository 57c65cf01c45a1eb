"""The S3-compatible bucket that may hold the files of this server, and the few things that we do with it.

``BUCKET`` names it; without that setting nothing here is called. A key is a path below ``BUCKET_PREFIX``. A
missing object is a `FileNotFoundError`, and every other fault of the bucket a `BucketError`.

Only `write_new` is sure to let one of several writers win, on every bucket: some make the condition of a
copy, or of the end of an upload in parts, too late. So what must be new is a small object.

A process that has used the bucket must not fork: the library has threads, which the child would wait for
without end. `apps.core.separate_process.run_in_separate_process` is for work before a fork.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from apps.core.files import UnfaithfulCopyError

PIECE = 16 << 20  # bytes of one request, of an upload or a download
# A bucket copies an object of at most this size in one step.
LARGEST = 5 << 30
INCOMING = "incoming"  # Uploads that have no name yet.

_has_been_used = _is_forked = False


class BucketError(Exception):
    """The bucket does not answer, or refuses our key."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of the bucket; `changed_at` is aware UTC."""

    key: str
    size: int
    changed_at: datetime


def is_used() -> bool:
    """Return whether the files of this server are in a bucket."""
    return bool(settings.BUCKET)


def upload(key: str, source: Path, digest: str) -> None:
    """Store a file under a key, and read it back; an object of this key is replaced.

    Raises
    ------
    UnfaithfulCopyError
        Raised if it reads back with another sha1sum than `digest`; nothing is left then.
    """
    write_file(key, source)
    if sha1sum(key) != digest:
        delete(key)
        raise UnfaithfulCopyError(f"{source.name} reads back from the bucket with another sha1sum.")


def write_file(key: str, source: Path) -> None:
    """Store a file under a key, in parts if it is large; an object of this key is replaced."""
    import obstore

    size = source.stat().st_size
    if size > LARGEST:
        raise BucketError(f"{source.name} has {size} bytes; a bucket takes {LARGEST} at most.")
    with _errors(key):
        obstore.put(_store(), _below(key), source, use_multipart=size > PIECE, chunk_size=PIECE)


@contextlib.contextmanager
def uploaded(source: Path, digest: str) -> Iterator[str]:
    """Upload a file, and yield the key that it has until the block ends; errors as `upload`."""
    key = f"{INCOMING}/{secrets.token_hex(12)}"
    try:
        upload(key, source, digest)
        yield key
    finally:
        with contextlib.suppress(BucketError):
            delete(key)


def copy(source: str, target: str) -> None:
    """Give an object a second key, inside the bucket; an object of that key is replaced."""
    import obstore

    with _errors(source):
        obstore.copy(_store(), _below(source), _below(target))


def move(key: str, target: str) -> None:
    """Give an object another key instead of the one it has."""
    copy(key, target)
    delete(key)


def write(key: str, content: bytes) -> None:
    """Write a small object, in place of one that has the key."""
    import obstore

    with _errors(key):
        obstore.put(_store(), _below(key), content, use_multipart=False)


def write_new(key: str, content: bytes) -> None:
    """Write a small object under a key that nothing has, or raise `FileExistsError`."""
    import obstore

    with _errors(key):
        obstore.put(_store(), _below(key), content, mode="create", use_multipart=False)


def load(key: str) -> bytes | None:
    """Return the bytes of a small object, or None if there is none."""
    try:
        return b"".join(_pieces(key))
    except FileNotFoundError:
        return None


def download(key: str, target: Path) -> str:
    """Write an object to a path that must be free, down to the disk, and return its sha1sum."""
    with target.open("xb") as stream:
        digest = _copy(key, stream)
        stream.flush()
        os.fsync(stream.fileno())
    return digest


def sha1sum(key: str) -> str:
    """Read an object and return its sha1sum, as 40 lower-case hex digits."""
    return _copy(key, None)


def find(key: str) -> StoredObject | None:
    """Return an object, or None if there is none."""
    import obstore

    try:
        with _errors(key):
            return _as_object(obstore.head(_store(), _below(key)))
    except FileNotFoundError:
        return None


def listed(folder: str) -> Iterator[StoredObject]:
    """Yield the objects below a folder."""
    import obstore

    with _errors(folder):
        for batch in obstore.list(_store(), f"{_below(folder)}/"):
            yield from map(_as_object, batch)


def delete(key: str) -> None:
    """Remove an object; a missing one is not an error."""
    import obstore

    with contextlib.suppress(FileNotFoundError), _errors(key):
        obstore.delete(_store(), _below(key))


def link_to(key: str) -> str:
    """Return an address from which anybody can fetch an object for ``BUCKET_LINK_SECONDS``."""
    import obstore

    lasting = timedelta(seconds=settings.BUCKET_LINK_SECONDS)
    store: Any = _store(settings.BUCKET_PUBLIC_ENDPOINT)
    with _errors(key):
        return str(obstore.sign(store, "GET", _below(key), lasting))


def _copy(key: str, target: BinaryIO | None) -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    for piece in _pieces(key):
        digest.update(piece)
        if target is not None:
            target.write(piece)
    return digest.hexdigest()


def _pieces(key: str) -> Iterator[bytes]:
    """Yield the bytes of an object, by requests that each end soon and are tried again by themselves."""
    import obstore

    with _errors(key):
        size = obstore.head(_store(), _below(key))["size"]
        for begin in range(0, size, PIECE):
            end = min(size, begin + PIECE)
            yield bytes(obstore.get_range(_store(), _below(key), start=begin, end=end))


def _below(key: str) -> str:
    return f"{settings.BUCKET_PREFIX}/{key}" if settings.BUCKET_PREFIX else key


def _as_object(meta: Any) -> StoredObject:
    begin = len(settings.BUCKET_PREFIX) + 1 if settings.BUCKET_PREFIX else 0
    return StoredObject(meta["path"][begin:], meta["size"], meta["last_modified"])


@contextlib.contextmanager
def _errors(key: str) -> Iterator[None]:
    from obstore.exceptions import AlreadyExistsError, BaseError

    try:
        yield
    except AlreadyExistsError:
        raise FileExistsError(f"{key} is in the bucket already.") from None
    except BaseError as exc:
        raise BucketError(f"{type(exc).__name__} at {key}: {str(exc).splitlines()[0][:300]}") from exc


def _store(endpoint: str = "") -> Any:
    global _has_been_used
    if _is_forked:
        raise RuntimeError("The bucket was used before this process was forked; see core.separate_process.")
    _has_been_used = True
    return _open(
        settings.BUCKET,
        endpoint or settings.BUCKET_ENDPOINT,
        settings.BUCKET_REGION,
        settings.BUCKET_KEY_ID,
        settings.BUCKET_SECRET,
    )


@lru_cache(maxsize=4)
def _open(bucket: str, endpoint: str, region: str, key_id: str, secret: str) -> Any:
    from obstore.store import S3Store

    options: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    if key_id:
        options |= {"access_key_id": key_id, "secret_access_key": secret}
    return S3Store(
        bucket,
        region=region,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=120),
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
        **options,
    )


def _note_fork() -> None:
    global _is_forked
    _is_forked = _has_been_used


os.register_at_fork(after_in_child=_note_fork)
