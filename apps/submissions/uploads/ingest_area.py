"""The ingest area: one folder for each person, where files wait until they are submitted.

::

    ingest/<user id>/<name>            complete; its row has the size and the sha1sum
    ingest/<user id>/.parts/<name>     the beginning of a file that arrives in pieces
    ingest/<user id>/.parts/.new-...   bytes of a request that has not ended

A row is incomplete while bytes change. So after a kill at any moment a file is complete, can be continued,
or is not listed.

If machines share no folder but a bucket, a complete file is there too (`pending`), and its path on another
machine is a copy. The pieces of one file must reach one machine.
"""

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from apps.catalog import checksums, pending
from apps.core import bucket
from apps.core.files import sync_folder
from apps.core.rows import find_row
from apps.rules.naming.file_names import is_file_name
from apps.submissions.errors import NoSpaceError, QuotaError, UploadGapError, UploadNameError
from apps.submissions.models import IngestFile
from apps.submissions.uploads.running_checksum import GrowingSum

# The extensions of references and mappings of the observatories; the last pattern is for GEIS files.
_EXTENSION = re.compile(r"\.(fits|asdf|json|ya?ml|te?xt|dat|cat|xml|csv|ecsv|pmap|imap|rmap|r\d[hd])\Z")
_DELETE = signing.Signer(salt="upload-delete")


def path_of(owner_id: int, name: str) -> Path:
    """Return the path that a complete file has, or would have."""
    return _folder(owner_id) / require_name(name)


def part_of(owner_id: int, name: str) -> Path:
    """Return the path that an unfinished file has, or would have."""
    return _parts(owner_id) / require_name(name)


def new_part(owner_id: int) -> Path:
    """Return a path that no other request uses."""
    _parts(owner_id).mkdir(parents=True, exist_ok=True)
    return _parts(owner_id) / f".new-{secrets.token_hex(8)}"


def _folder(owner_id: int) -> Path:
    root: Path = settings.DATA_ROOT
    return root / "ingest" / str(int(owner_id))


def _parts(owner_id: int) -> Path:
    return _folder(owner_id) / ".parts"


def require_name(name: str) -> str:
    """Return `name` if a file may be delivered under it; a name is never changed, only accepted or refused.

    Raises
    ------
    UploadNameError
        Raised if it may not; the text says what is wrong.
    """
    if not is_file_name(name):
        raise UploadNameError(
            f"{name[:128]!r} cannot be delivered: a name has 1 to 128 letters, digits, '.', '_' and '-', "
            "no directory and no dot at its start."
        )
    if not (found := _EXTENSION.search(name.lower())):
        raise UploadNameError(
            f"{name!r} cannot be delivered: it needs the extension of a reference or mapping, such as .fits."
        )
    if not name.endswith(found[0]):
        # The client can download only files whose extension is lower case.
        lower = name[: found.start()] + found[0]
        raise UploadNameError(
            f"{name!r} cannot be delivered: its extension must be lower case. "
            f"Rename it to {lower!r} and upload it again."
        )
    return name


def reserve(owner_id: int, name: str, size: int) -> None:
    """Refuse a file for which there is no room, before its first byte is written.

    Raises
    ------
    QuotaError
        Raised if all files of the owner would exceed the quota; a file that this one replaces does not count.
    NoSpaceError
        Raised if the disk would have less free space than the reserve.
    """
    others = IngestFile.objects.filter(owner_id=owner_id).exclude(name=name)
    used = others.aggregate(total=Sum("size"))["total"] or 0
    quota = settings.INGEST_QUOTA_BYTES
    if used + size > quota:
        raise QuotaError(
            f"{name} has {size} bytes, but only {max(0, quota - used)} of your {quota} bytes are free. "
            "Delete other files first."
        )
    folder = _folder(owner_id)
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free - size < settings.INGEST_RESERVE_BYTES:
        raise NoSpaceError(f"The server has no space for the {size} bytes of {name}. Tell the operators.")


def begin(owner_id: int, name: str, size: int, written: Path) -> IngestFile:
    """Start a file with the bytes at `written`; an older file of this name is removed."""
    with _alone(owner_id):
        row = _mark_incomplete(owner_id, name, size)
        path_of(owner_id, name).unlink(missing_ok=True)
        written.replace(part_of(owner_id, name))
    return row


def find(owner_id: int, name: str) -> IngestFile | None:
    """Return the row of a file, complete or unfinished, or None."""
    return find_row(IngestFile, owner_id=owner_id, name=name)


def find_begun(owner_id: int, name: str) -> IngestFile | None:
    """Return the row of an unfinished file, or None."""
    return IngestFile.objects.filter(owner_id=owner_id, name=name, completed_at=None).first()


def is_complete(row: IngestFile) -> bool:
    """Return whether a file is complete and still has its full size."""
    is_here = bucket.is_used() or _size(path_of(row.owner_id, row.name)) == row.size
    return row.completed_at is not None and is_here


def bring(row: IngestFile) -> Path:
    """Return the path of a complete file, which is on this machine afterwards."""
    path = path_of(row.owner_id, row.name)
    pending.bring(path, row.sha1sum)
    return path


def complete(owner_id: int, name: str, written: Path, descriptor: int, sum_so_far: GrowingSum) -> IngestFile:
    """Give a file that has all its bytes its name, and return the row with its sha1sum.

    The bytes are at `written`, which `descriptor` has open. An older file of this name is replaced, but its
    bytes are not touched: submissions keep links to them.

    Raises
    ------
    UploadGapError
        Raised if another request has started the file again or deleted it.
    """
    size = os.fstat(descriptor).st_size
    with ThreadPoolExecutor(max_workers=1) as beside:
        # The disk and the processor work at the same time: for a big file each takes seconds.
        synced = beside.submit(os.fsync, descriptor)
        digest = sum_so_far.finish(descriptor, size)
        synced.result()
    pending.share(written, digest)
    with _alone(owner_id):
        require_same(written, descriptor, name)
        row = _mark_incomplete(owner_id, name, size)
        target = path_of(owner_id, name)
        written.replace(target)
        sync_folder(target.parent)
        row.sha1sum, row.completed_at = digest, timezone.now()
        found = IngestFile.objects.filter(pk=row.pk)
        if not found.update(sha1sum=row.sha1sum, completed_at=row.completed_at):
            target.unlink(missing_ok=True)
            raise UploadGapError(f"{name} was deleted by another request.", expected=0)
        checksums.remember(target, digest)
    return row


def finish_received(owner_id: int) -> None:
    """Complete the files of which every byte is here: a request was killed between its last byte and its end.

    A file that another request is writing now is left alone.
    """
    for row in IngestFile.objects.filter(owner_id=owner_id, completed_at=None):
        path = part_of(owner_id, row.name)
        if _size(path) != row.size:
            continue
        with (
            contextlib.suppress(FileNotFoundError, BlockingIOError, UploadGapError),
            path.open("r+b") as part,
        ):
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            complete(owner_id, row.name, path, part.fileno(), GrowingSum())


def require_same(path: Path, descriptor: int, name: str) -> None:
    """Require that a path is still that of the file that was opened.

    Raises
    ------
    UploadGapError
        Raised if another request has put another file there, or has moved or deleted ours.
    """
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(path.stat(), os.fstat(descriptor)):
            return
    raise UploadGapError(f"Another request started {name} again or deleted it.", expected=0)


@contextlib.contextmanager
def _alone(owner_id: int) -> Iterator[None]:
    """Hold the lock on the files of one person, so that path and row describe the same bytes."""
    descriptor = os.open(_folder(owner_id), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@transaction.atomic
def _mark_incomplete(owner_id: int, name: str, size: int) -> IngestFile:
    """Mark the row of a file whose bytes are about to change, and return it.

    Of two calls at the same time for one owner, the second waits for the first.
    """
    get_user_model().objects.select_for_update().get(pk=owner_id)
    reserve(owner_id, name, size)
    row, _ = IngestFile.objects.update_or_create(
        owner_id=owner_id,
        name=name,
        defaults={"size": size, "sha1sum": "", "completed_at": None, "started_at": timezone.now()},
    )
    return row


def files_of(owner_id: int) -> list[IngestFile]:
    """Return the complete files of one person, by name."""
    rows = IngestFile.objects.filter(owner_id=owner_id, completed_at__isnull=False)
    return [row for row in rows if is_complete(row)]


def received(owner_id: int, name: str) -> int:
    """Return the number of bytes that have arrived of an unfinished file; 0 if there is no such file."""
    if not is_file_name(name) or find_begun(owner_id, name) is None:
        return 0
    return _size(part_of(owner_id, name)) or 0


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def delete(owner_id: int, name: str) -> None:
    """Remove a file, complete or not; a missing file is not an error."""
    IngestFile.objects.filter(owner_id=owner_id, name=require_name(name)).delete()
    path_of(owner_id, name).unlink(missing_ok=True)
    part_of(owner_id, name).unlink(missing_ok=True)


def delete_token(owner_id: int, name: str) -> str:
    """Return the token with which its owner can delete a file by GET."""
    return _DELETE.signature(f"{owner_id}:{name}")


def is_delete_token(owner_id: int, name: str, token: str) -> bool:
    """Return whether a token is that of this owner and file."""
    return secrets.compare_digest(token.encode(), delete_token(owner_id, name).encode())


def remove_abandoned_parts() -> int:
    """Remove unfinished files that nobody has continued for ``INGEST_PART_HOURS``; return their number."""
    oldest, removed = time.time() - 3600 * settings.INGEST_PART_HOURS, 0
    for path in (settings.DATA_ROOT / "ingest").glob("*/.parts/*"):
        if (path.stat().st_mtime if path.exists() else oldest) < oldest:
            path.unlink(missing_ok=True)
            rows = IngestFile.objects.filter(name=path.name, completed_at=None)
            rows.filter(owner_id=int(path.parent.parent.name)).delete()
            removed += 1
    return removed


def delete_consumed(user: str, sums: Mapping[str, str]) -> None:
    """Remove the files of one person that have become official; a file uploaded again since then stays.

    Parameters
    ----------
    user
        Name of the account.
    sums
        Name to sha1sum, as they were submitted.
    """
    owner = get_user_model().objects.filter(username=user).first()
    for row in files_of(owner.pk) if owner else ():
        if sums.get(row.name) == row.sha1sum:
            delete(row.owner_id, row.name)
