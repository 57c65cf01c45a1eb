"""The folder of a submission, where its bytes lie until it is over.

::

    submissions/<key>/uploaded/<name>      links to the files of the ingest area, as they were at the start
    submissions/<key>/generated/<name>     lookup tables made for them
    submissions/<key>/official/<name>      the same bytes, or written again, under the official name
    submissions/<key>/work/<number>        what a child writes; removed with all the rest

Nothing below `official` is changed once its row has a sha1sum. Everything here can be removed by anybody who
knows that the submission is over.
"""

import errno
import secrets
import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog import storage
from apps.catalog.queries import files_named, get_file
from apps.catalog.reading import checked_path
from apps.core.files import link_or_copy, sync_file, write_atomically
from apps.submissions.errors import NoSpaceError, RejectedError
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.states import ALIVE, Origin
from apps.submissions.uploads import ingest_area

NEW = 3600  # seconds in which a folder without row may belong to a submission that is being started


def uploaded(submission: Submission) -> Path:
    """Return where the files lie as they were uploaded."""
    return submission.folder / "uploaded"


def official(submission: Submission) -> Path:
    """Return where the files lie under their official names."""
    return submission.folder / "official"


def path_of(file: SubmittedFile) -> Path:
    """Return where the bytes of a file are as it arrived: uploaded, made, or in the store already.

    Raises
    ------
    NotHeldError, DamagedFileError
        Raised if it should be in the store, and is not there as the catalogue tells of it.
    """
    if file.origin == Origin.LISTED:
        return checked_path(get_file(file.name))
    folder = "generated" if file.origin == Origin.LOOKUP_TABLE else "uploaded"
    return file.submission.folder / folder / file.name


def official_path(file: SubmittedFile) -> Path:
    """Return where the bytes of a file are, or will be, under its official name."""
    return official(file.submission) / file.official_name


def work_folder(submission: Submission) -> Path:
    """Return a new empty folder for one job of one child."""
    folder = submission.folder / "work" / secrets.token_hex(6)
    folder.mkdir(parents=True)
    return folder


def link(source: Path, target: Path) -> None:
    """Let a file have a second name; one that is there already is replaced at once.

    Raises
    ------
    RejectedError
        Raised if the file is gone.
    NoSpaceError
        Raised if the disk is full.
    """
    try:
        link_or_copy(source, target)
    except FileNotFoundError as exc:
        raise RejectedError(f"{source.name} was removed meanwhile; upload it again.") from exc
    except OSError as exc:
        raise no_space(target.name) if is_full(exc) else exc from exc


def write(path: Path, content: bytes) -> None:
    """Write a small file to the disk; one that is there already is replaced at once.

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
    """Whether an error says that there is no room."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def no_space(name: str) -> NoSpaceError:
    """Return the error for a file there is no room for."""
    return NoSpaceError(f"The server has no room to stage {name}; its operators must act. Try again later.")


def withdraw(submission: Submission) -> None:
    """Take from the store what a confirmation that was killed put there; the caller has the turn.

    A name that the catalogue has meanwhile, as after an import, is not ours any more.
    """
    sums = dict(submission.files.values_list("official_name", "official_sha1sum"))
    paths = {path.name: path for path in official(submission).glob("[!.]*")}
    for name in paths.keys() - files_named(paths):
        storage.withdraw(paths[name], name, sums.get(name, ""))


def clear(submission: Submission) -> None:
    """Remove what a submission that is over leaves behind, and note it; may be repeated.

    That is its folder, and what it has made official of the ingest area.
    """
    if submission.status in ALIVE:
        return
    if submission.is_adopted:
        ingest_area.delete_consumed(submission.user, dict(submission.files.values_list("name", "sha1sum")))
    shutil.rmtree(submission.folder, ignore_errors=True)
    if not submission.folder.exists():
        Submission.objects.filter(pk=submission.pk, cleared_at=None).update(cleared_at=timezone.now())


def clear_all() -> int:
    """Remove what submissions that are over, or were never stored, left behind; return how many."""
    cleared = 0
    for submission in Submission.objects.filter(cleared_at=None).exclude(status__in=ALIVE):
        clear(submission)
        cleared += 1
    return cleared + sum(map(_clear_stray, (settings.DATA_ROOT / "submissions").glob("*")))


def _clear_stray(folder: Path) -> bool:
    """Remove a folder that no row speaks of, unless its row may still be on its way."""
    try:
        key = uuid.UUID(folder.name)
        is_new = folder.stat().st_mtime > timezone.now().timestamp() - NEW
    except (ValueError, FileNotFoundError):
        return False
    if is_new or Submission.objects.filter(key=key).exists():
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def load(file: SubmittedFile) -> bytes:
    """Return the bytes under the official name, compared with what was recorded of them.

    Raises
    ------
    FileNotFoundError
        Raised if they are not there, because the submission is over or has not come so far.
    DamagedFileError
        Raised if they have changed since.
    """
    content = official_path(file).read_bytes()
    if file.official_sha1sum:
        storage.require_same_sum(file.official_name, content, file.official_sha1sum)
    return content


def record(file: SubmittedFile) -> None:
    """Keep size and sha1sum of the bytes under the official name, read back from the disk."""
    path = official_path(file)
    sync_file(path)
    digest = storage.sha1sum(path)
    with transaction.atomic():
        file.official_size, file.official_sha1sum = path.stat().st_size, digest
        file.save(update_fields=["official_size", "official_sha1sum"])
