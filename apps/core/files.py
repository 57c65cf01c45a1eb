"""Files that get their name only when they are complete, even if the process or the machine stops."""

import contextlib
import errno
import hashlib
import logging
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from apps.core.errors import ConflictError

logger = logging.getLogger(__name__)

PART = ".part"  # The end of the name of an unfinished file.
BLOCK = 1 << 20  # bytes

# Errors of a link after which a copy helps: another disk, a file system without links or one that forbids
# them, too many links to one file.
_WITHOUT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class UnfaithfulCopyError(ConflictError):
    """A copy differs from its source when it is read back."""

    code = "unfaithful_copy"


def part_beside(path: Path) -> Path:
    """Return the path of an unfinished file in the folder of `path`, under a name that nobody else has."""
    return path.with_name(f".{secrets.token_hex(8)}{PART}")


@contextlib.contextmanager
def replacement(path: Path, *, mode: int | None = None, is_synced: bool = True) -> Iterator[Path]:
    """Yield the path of a file to write. It gets the name `path` when the block ends without an error.

    Parameters
    ----------
    mode
        Permissions of the file; by default those of the file that it replaces.
    is_synced
        Whether the file must survive a power cut. If not, it is complete or absent while the machine runs.
    """
    part = part_beside(path)
    try:
        yield part
        _set_mode(part, path, mode)
        if is_synced:
            sync_file(part)
        part.replace(path)
    finally:
        # The part remains after an error, or if both names already belonged to one file.
        part.unlink(missing_ok=True)
    if is_synced:
        sync_folder(path.parent)


def write_atomically(path: Path, content: bytes, *, mode: int | None = None, is_synced: bool = True) -> None:
    """Write a small file so that readers find either the old or the new content, complete.

    The parameters are those of `replacement`. The folder is created if it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacement(path, mode=mode, is_synced=is_synced) as part:
        _write(part, content, mode)


def write_once(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a small file unless the name already exists. Of several writers, the first one wins."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_beside(path)
    try:
        _write(part, content, mode)
        part.chmod(mode)
        sync_file(part)
        with contextlib.suppress(FileExistsError):
            give_name(part, path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def give_name(part: Path, path: Path) -> None:
    """Give an unfinished file a new name. It is a link, because a link never overwrites as a rename does.

    Raises
    ------
    FileExistsError
        Raised if another file has the name.
    """
    try:
        os.link(part, path)
    except OSError as exc:
        if exc.errno not in _WITHOUT_LINK:
            raise
        # Without links, another process may take the name between this check and the rename.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        part.rename(path)


def keep(path: Path, content: bytes) -> None:
    """Write a small file that only saves work. Log a failure to write it, and raise nothing."""
    try:
        write_atomically(path, content, is_synced=False)
    except OSError as exc:
        logger.error("%s could not be kept: %s", path, exc)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a finished file a second name, by a link where that is possible.

    Otherwise, as between two disks, make a copy, which is synced and read back before it gets the name. An
    existing file of that name is replaced.

    Raises
    ------
    UnfaithfulCopyError
        Raised if a copy differs from its source when it is read back.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_beside(target)
    try:
        try:
            os.link(source, part)
        except OSError as exc:
            if exc.errno not in _WITHOUT_LINK:
                raise
            _copy(source, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Write the bytes of a file through to the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut. Ignore a missing folder."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def forget_cached(descriptor: int) -> None:
    """Drop an open file from the system's cache, so that the next reader gets its bytes from the disk."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _write(part: Path, content: bytes, mode: int | None) -> None:
    """Write a new file that has its permissions from the first byte, which keeps secrets secret."""
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if mode is None else mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def _set_mode(part: Path, path: Path, mode: int | None) -> None:
    with contextlib.suppress(FileNotFoundError):
        wanted = stat.S_IMODE(path.stat().st_mode) if mode is None else mode
        part.chmod(wanted)


def copy_bytes(source: Path, target: Path) -> str:
    """Copy a file to a path that must be free, down to the disk, and return the sha1sum of what was read.

    The copy is not kept in memory, so that whoever reads it back reads the disk.
    """
    digest = hashlib.sha1(usedforsecurity=False)
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(BLOCK):
            writer.write(block)
            digest.update(block)
        writer.flush()
        os.fsync(writer.fileno())
        forget_cached(writer.fileno())
    return digest.hexdigest()


def _copy(source: Path, target: Path) -> None:
    copied = copy_bytes(source, target)
    with target.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.sha1(usedforsecurity=False))
    if found.hexdigest() != copied:
        raise UnfaithfulCopyError(
            f"The copy of {source.name} differs from its source when it is read back. Check the disks."
        )
