"""The ingest area: one folder for each person, where files wait until they are submitted.

::

    ingest/<user id>/<name>            complete; a row knows size and sha1sum
    ingest/<user id>/.parts/<name>     the beginning of a file that comes in pieces
    ingest/<user id>/.parts/.new-...   bytes of a request that is not over

A row is incomplete while bytes change, so that a kill at any moment leaves a file that is complete, can be
continued, or is not seen.
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

from apps.core.files import sync_folder
from apps.core.rows import find_row
from apps.rules.naming.file_names import is_file_name
from apps.submissions.errors import NoSpaceError, QuotaError, UploadGapError, UploadNameError
from apps.submissions.models import IngestFile
from apps.submissions.uploads.running_checksum import GrowingSum

# What references and mappings of the observatories are written in; the last ones are GEIS files.
_EXTENSION = re.compile(r"\.(fits|asdf|json|ya?ml|te?xt|dat|cat|xml|csv|ecsv|pmap|imap|rmap|r\d[hd])\Z")
_DELETE = signing.Signer(salt="upload-delete")


def path_of(owner_id: int, name: str) -> Path:
    """Return where the bytes of a complete file are, or would be."""
    return _folder(owner_id) / require_name(name)


def part_of(owner_id: int, name: str) -> Path:
    """Return where the bytes of an unfinished file are, or would be."""
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
    """Return `name` if a file may be delivered under it: names are kept to the letter or refused.

    Raises
    ------
    UploadNameError
        Raised with what is wrong.
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
        # The client takes only lower case for files that it can download.
        lower = name[: found.start()] + found[0]
        raise UploadNameError(
            f"{name!r} cannot be delivered: its extension must be lower case. "
            f"Rename it to {lower!r} and upload it again."
        )
    return name


def reserve(owner_id: int, name: str, size: int) -> None:
    """Refuse a file for which there is no room, before a byte of it is written.

    Raises
    ------
    QuotaError
        Raised if the files of the owner, without the one it replaces, would be too big together.
    NoSpaceError
        Raised if the disk would be too full.
    """
    others = IngestFile.objects.filter(owner_id=owner_id).exclude(name=name)
    used = others.aggregate(total=Sum("size"))["total"] or 0
    quota = settings.INGEST_QUOTA_BYTES
    if used + size > quota:
        raise QuotaError(
            f"{name} has {size} bytes; {max(0, quota - used)} of your {quota} are free. "
            "Delete other files first."
        )
    folder = _folder(owner_id)
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free - size < settings.INGEST_RESERVE_BYTES:
        raise NoSpaceError(f"The server has no room for the {size} bytes of {name}; its operators must act.")


def begin(owner_id: int, name: str, size: int, written: Path) -> IngestFile:
    """Let a file begin anew with bytes that were written; an older one of this name is gone."""
    with _alone(owner_id):
        row = _mark_incomplete(owner_id, name, size)
        path_of(owner_id, name).unlink(missing_ok=True)
        written.replace(part_of(owner_id, name))
    return row


def find(owner_id: int, name: str) -> IngestFile | None:
    """Return the row of a file, complete or on its way, or None."""
    return find_row(IngestFile, owner_id=owner_id, name=name)


def find_begun(owner_id: int, name: str) -> IngestFile | None:
    """Return the row of a file that is on its way, or None."""
    return IngestFile.objects.filter(owner_id=owner_id, name=name, completed_at=None).first()


def is_complete(row: IngestFile) -> bool:
    """Tell whether a file is all there."""
    return row.completed_at is not None and _size(path_of(row.owner_id, row.name)) == row.size


def complete(owner_id: int, name: str, written: Path, descriptor: int, sum_so_far: GrowingSum) -> IngestFile:
    """Give bytes that are all there their name, and return the row with their sha1sum.

    They lie at `written`, which `descriptor` has open. A file that had the name is replaced and not touched:
    submissions keep links to its bytes.

    Raises
    ------
    UploadGapError
        Raised if another request has begun the file anew or deleted it.
    """
    size = os.fstat(descriptor).st_size
    with ThreadPoolExecutor(max_workers=1) as beside:
        # The disk is busy while the processor is: of a big file either takes seconds.
        synced = beside.submit(os.fsync, descriptor)
        digest = sum_so_far.finish(descriptor, size)
        synced.result()
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
            raise UploadGapError(f"{name} was deleted while it was completed.", expected=0)
    return row


def require_same(path: Path, descriptor: int, name: str) -> None:
    """Insist that a path still leads to the file that was opened.

    Raises
    ------
    UploadGapError
        Raised if another request has put another file there, or has moved or deleted ours.
    """
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(path.stat(), os.fstat(descriptor)):
            return
    raise UploadGapError(f"{name} was begun anew or deleted by another request.", expected=0)


@contextlib.contextmanager
def _alone(owner_id: int) -> Iterator[None]:
    """Let one request at a time move files of somebody: path and row must tell of the same bytes."""
    descriptor = os.open(_folder(owner_id), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@transaction.atomic
def _mark_incomplete(owner_id: int, name: str, size: int) -> IngestFile:
    """Return the row of a file whose bytes are about to change; one of two at once waits for the other."""
    get_user_model().objects.select_for_update().get(pk=owner_id)
    reserve(owner_id, name, size)
    row, _ = IngestFile.objects.update_or_create(
        owner_id=owner_id,
        name=name,
        defaults={"size": size, "sha1sum": "", "completed_at": None, "started_at": timezone.now()},
    )
    return row


def files_of(owner_id: int) -> list[IngestFile]:
    """Return the complete files of somebody, by name."""
    rows = IngestFile.objects.filter(owner_id=owner_id, completed_at__isnull=False)
    return [row for row in rows if is_complete(row)]


def received(owner_id: int, name: str) -> int:
    """Return how many bytes of an unfinished file are there."""
    if not is_file_name(name) or find_begun(owner_id, name) is None:
        return 0
    return _size(part_of(owner_id, name)) or 0


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def delete(owner_id: int, name: str) -> None:
    """Remove a file, complete or not; that there is none is no error."""
    IngestFile.objects.filter(owner_id=owner_id, name=require_name(name)).delete()
    path_of(owner_id, name).unlink(missing_ok=True)
    part_of(owner_id, name).unlink(missing_ok=True)


def delete_token(owner_id: int, name: str) -> str:
    """Return the word that lets its owner delete a file by GET."""
    return _DELETE.signature(f"{owner_id}:{name}")


def is_delete_token(owner_id: int, name: str, token: str) -> bool:
    """Tell whether a word is that of this owner and file."""
    return secrets.compare_digest(token.encode(), delete_token(owner_id, name).encode())


def remove_abandoned_parts() -> int:
    """Remove unfinished files nobody has continued for too long; return how many there were."""
    oldest, removed = time.time() - 3600 * settings.INGEST_PART_HOURS, 0
    for path in (settings.DATA_ROOT / "ingest").glob("*/.parts/*"):
        if (path.stat().st_mtime if path.exists() else oldest) < oldest:
            path.unlink(missing_ok=True)
            rows = IngestFile.objects.filter(name=path.name, completed_at=None)
            rows.filter(owner_id=int(path.parent.parent.name)).delete()
            removed += 1
    return removed


def delete_consumed(user: str, sums: Mapping[str, str]) -> None:
    """Remove those files of somebody that have become official; what was uploaded anew since stays.

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
