"""The folder of a submission, where its bytes lie until it is over.

::

    submissions/<key>/uploaded/<name>      links to the files of the ingest area, as they were at the start
    submissions/<key>/generated/<name>     lookup tables made for them
    submissions/<key>/official/<name>      the same bytes, or written again, under the official name
    submissions/<key>/work/<number>        files that a child writes; removed with all the rest

Nothing below `official` is changed once its row has a sha1sum. If machines share no folder but a bucket,
the bytes with a recorded sha1sum are there too, and this folder is a copy that each machine makes
(`pending`). Any process that knows that the submission is over can remove everything here. The folder then
lies in ``removed`` until a sweep has removed its bytes.
"""

import errno
import secrets
import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog import checksums, pending, storage
from apps.catalog.queries import files_named, get_file
from apps.catalog.reading import checked_path, stored_paths
from apps.core.files import link_or_copy, sync_file, write_atomically
from apps.submissions.errors import NoSpaceError, RejectedError
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.states import ALIVE, OVER, Origin
from apps.submissions.uploads import ingest_area

NEW = 3600  # seconds during which a folder without a row may belong to a submission that is being started


def uploaded(submission: Submission) -> Path:
    """Return the folder of the files as they were uploaded."""
    return submission.folder / "uploaded"


def official(submission: Submission) -> Path:
    """Return the folder of the files under their official names."""
    return submission.folder / "official"


def path_of(file: SubmittedFile) -> Path:
    """Return the path of a file as it arrived: uploaded, made as a lookup table, or already in the store.

    Raises
    ------
    NotHeldError, DamagedFileError
        Raised if the file should be in the store, and is missing or differs from the catalogue.
    """
    if file.origin == Origin.LISTED:
        return checked_path(get_file(file.name))
    path = arrived_path(file)
    pending.bring(path, file.sha1sum)
    return path


def arrived_path(file: SubmittedFile) -> Path:
    """Return the path that a file of the submission itself has, or will have, as it arrived."""
    folder = "generated" if file.origin == Origin.LOOKUP_TABLE else "uploaded"
    return file.submission.folder / folder / file.name


def official_path(file: SubmittedFile) -> Path:
    """Return the path that a file has, or will have, under its official name."""
    path = official(file.submission) / file.official_name
    pending.bring(path, file.official_sha1sum)
    return path


def work_folder(submission: Submission) -> Path:
    """Return a new empty folder for one job of one child."""
    folder = submission.folder / "work" / secrets.token_hex(6)
    folder.mkdir(parents=True)
    return folder


def link(source: Path, target: Path) -> None:
    """Give a file a second name. A file that has this name already is replaced in one step.

    Raises
    ------
    RejectedError
        Raised if the file is gone.
    NoSpaceError
        Raised if the disk is full.
    """
    try:
        with checksums.keeping([source]):
            link_or_copy(source, target)
    except FileNotFoundError as exc:
        raise RejectedError(f"{source.name} was removed in the meantime. Upload it again.") from exc
    except OSError as exc:
        raise no_space(target.name) if is_full(exc) else exc from exc


def write(path: Path, content: bytes) -> None:
    """Write a small file to the disk. A file that has this name already is replaced in one step.

    Raises
    ------
    NoSpaceError
        Raised if the disk is full.
    """
    try:
        write_atomically(path, content)
    except OSError as exc:
        raise no_space(path.name) if is_full(exc) else exc from exc


def is_full(error: Exception) -> bool:
    """Return whether an error means that the disk or the quota is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def no_space(name: str) -> NoSpaceError:
    """Return the error for a file that the disk has no room for."""
    return NoSpaceError(
        f"The server has no space left to stage {name}. Tell the operators, and try again later."
    )


def withdraw(submission: Submission) -> None:
    """Remove from the store the files that a killed confirmation put there.

    The caller holds the ledger lock (`lock_ledger`). A file whose name is in the catalogue already, for
    example after an import, no longer belongs to the submission and stays.
    """
    sums = dict(submission.files.values_list("official_name", "official_sha1sum"))
    staged = {path.name for path in official(submission).glob("[!.]*")}
    paths = {name: official(submission) / name for name in staged | sums.keys() if name}
    for name in paths.keys() - files_named(paths):
        storage.withdraw(paths[name], name, sums.get(name, ""))


def clear(submission: Submission) -> None:
    """Remove the remains of a submission that is over, and note when; this may be repeated.

    These are its folder and, if it was adopted, the files of the ingest area that it made official.
    """
    if submission.status in ALIVE:
        return
    with checksums.keeping(_adopted(submission)):
        # First, because its links keep the bytes while the ingest area forgets them.
        _set_aside(submission.folder)
        if submission.is_adopted:
            sums = dict(submission.files.values_list("name", "sha1sum"))
            ingest_area.delete_consumed(submission.user, sums)
    if not submission.folder.exists():
        Submission.objects.filter(pk=submission.pk, cleared_at=None).update(cleared_at=timezone.now())


def _set_aside(folder: Path) -> None:
    """Take a folder away at once. Nobody should wait while a disk frees gigabytes; `clear_all` does that."""
    removed = _removed()
    try:
        removed.mkdir(parents=True, exist_ok=True)
        folder.rename(removed / f"{folder.name}.{secrets.token_hex(4)}")
    except OSError:  # The disk is full, or the folder lies on another one.
        shutil.rmtree(folder, ignore_errors=True)


def _removed() -> Path:
    return Path(settings.DATA_ROOT / "removed")


def _adopted(submission: Submission) -> list[Path]:
    """Return the paths, in the store, of the files that the submission has made official."""
    if not submission.is_adopted:
        return []
    names = submission.files.exclude(origin=Origin.LISTED).values_list("official_name", flat=True)
    return stored_paths(name for name in names if name)


def clear_all() -> int:
    """Remove the remains of submissions that are over or were never stored; return how many submissions."""
    cleared = 0
    for submission in Submission.objects.filter(cleared_at=None).exclude(status__in=ALIVE):
        clear(submission)
        cleared += 1
    for folder in _removed().glob("*"):
        shutil.rmtree(folder, ignore_errors=True)
    return cleared + sum(map(_clear_stray, (settings.DATA_ROOT / "submissions").glob("*")))


def _clear_stray(folder: Path) -> bool:
    """Remove a folder without a row, unless it is new and its row may still be written."""
    try:
        key = uuid.UUID(folder.name)
        is_new = folder.stat().st_mtime > timezone.now().timestamp() - NEW
    except (ValueError, FileNotFoundError):
        return False
    # A submission that is over and cleared left a folder only on a machine that did not clear it.
    kept = Submission.objects.filter(key=key).exclude(status__in=OVER, cleared_at__isnull=False)
    if is_new or kept.exists():
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def load(file: SubmittedFile) -> bytes:
    """Return the bytes under the official name, and compare them with the recorded sha1sum if there is one.

    Raises
    ------
    FileNotFoundError
        Raised if the file is missing, because the submission is over or has not made it yet.
    DamagedFileError
        Raised if the bytes have changed since.
    """
    content = official_path(file).read_bytes()
    if file.official_sha1sum:
        storage.require_same_sum(file.official_name, content, file.official_sha1sum)
    return content


def record(file: SubmittedFile) -> None:
    """Store size and sha1sum of the bytes under the official name, read back from the disk.

    This is the last time that they are read before they are downloaded, unless they change on the disk.
    """
    path = official_path(file)
    sync_file(path)
    digest = storage.sha1sum(path)
    checksums.remember(path, digest)
    pending.share(path, digest)
    with transaction.atomic():
        file.official_size, file.official_sha1sum = path.stat().st_size, digest
        file.save(update_fields=["official_size", "official_sha1sum"])
