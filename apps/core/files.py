"""Files that appear under their name complete or not at all, whenever the process or the machine stops."""

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

# Answers of the system to a link that a copy gets round: another disk, a file system without links, one that
# forbids them, too many links of one file.
_WITHOUT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class UnfaithfulCopyError(ConflictError):
    """A copy read back differently than it was written."""

    code = "unfaithful_copy"


def part_beside(path: Path) -> Path:
    """Return the path of an unfinished file in the folder of `path`, under a name that nobody else has."""
    return path.with_name(f".{secrets.token_hex(8)}{PART}")


@contextlib.contextmanager
def replacement(path: Path, *, mode: int | None = None, is_synced: bool = True) -> Iterator[Path]:
    """Lend the path of a file to write, which takes the name `path` when the block ends without an error.

    Parameters
    ----------
    mode
        Permissions of the file; by default those of the file that it replaces.
    is_synced
        Whether it must survive a power cut. Without, it is complete or absent as long as the machine runs.
    """
    part = part_beside(path)
    try:
        yield part
        _set_mode(part, path, mode)
        if is_synced:
            sync_file(part)
        part.replace(path)
    finally:
        # After an error, or where both names already were of one file, the part is still there.
        part.unlink(missing_ok=True)
    if is_synced:
        sync_folder(path.parent)


def write_atomically(path: Path, content: bytes, *, mode: int | None = None, is_synced: bool = True) -> None:
    """Write a small file so that readers find the old one or the new one, complete.

    Parameters are those of `replacement`. The folder is made if it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacement(path, mode=mode, is_synced=is_synced) as part:
        _write(part, content, mode)


def write_once(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a small file unless one has the name already; of several writers the first one wins."""
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
    """Let an unfinished file have a name that nobody has: a link, unlike a rename, never overwrites.

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
        # A file system without links cannot exclude that another one takes the name in this moment.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        part.rename(path)


def keep(path: Path, content: bytes) -> None:
    """Write a small file that only saves work; if it cannot be written that is logged and no error."""
    try:
        write_atomically(path, content, is_synced=False)
    except OSError as exc:
        logger.error("%s could not be kept: %s", path, exc)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file that nobody writes to a second name, by a link where that is possible.

    A copy, as between two disks, is synced and read back before it gets the name. A file that has the name
    is replaced.

    Raises
    ------
    UnfaithfulCopyError
        Raised if a copy reads back differently than it was written.
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
    """Bring the bytes of a file to the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut; a folder that is not there needs nothing."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def forget_cached(descriptor: int) -> None:
    """Let the next reader of an open file get its bytes from the disk and not from memory."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _write(part: Path, content: bytes, mode: int | None) -> None:
    """Write a new file; a secret one is so from its first byte."""
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if mode is None else mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def _set_mode(part: Path, path: Path, mode: int | None) -> None:
    with contextlib.suppress(FileNotFoundError):
        wanted = stat.S_IMODE(path.stat().st_mode) if mode is None else mode
        part.chmod(wanted)


def _copy(source: Path, target: Path) -> None:
    digest = hashlib.sha1(usedforsecurity=False)
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(BLOCK):
            writer.write(block)
            digest.update(block)
        writer.flush()
        os.fsync(writer.fileno())
        forget_cached(writer.fileno())
    with target.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.sha1(usedforsecurity=False))
    if found.digest() != digest.digest():
        raise UnfaithfulCopyError(
            f"The copy of {source.name} read back differently than it was written. Check the disks."
        )
