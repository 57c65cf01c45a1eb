"""Queries about submissions."""

import uuid

from apps.catalog.queries import find_file, get_file
from apps.catalog.reading import load_text
from apps.locks.models import Lock
from apps.locks.queries import find_lock, find_tenure
from apps.submissions import staging
from apps.submissions.errors import UnknownSubmissionError
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.states import ALIVE, Kind, Origin


def get_submission(key: str) -> Submission:
    """Return the submission of a key.

    Raises
    ------
    UnknownSubmissionError
        Raised if there is no such submission, or `key` is not a UUID.
    """
    try:
        found = Submission.objects.filter(key=uuid.UUID(key)).first()
    except ValueError:
        found = None
    if found is None:
        raise UnknownSubmissionError(f"No submission has the id {key[:64]!r}.")
    return found


def find_protection(submission: Submission, *, for_update: bool = False) -> Lock | None:
    """Return the lock that protects a submission from others; None if there is none.

    It is the lock under which the submission was started, as long as it has not expired. It may now belong to
    another session of the submitter.
    """
    lock = find_tenure(submission.instrument, submission.lock_tenure, for_update=for_update)
    return lock if lock is not None and lock.is_held_by(submission.user) else None


def why_unprotected(submission: Submission) -> str:
    """Return a sentence about the lock of a submission that is no longer protected: how the lock was lost."""
    lock = find_lock(instrument=submission.instrument) if submission.instrument else None
    name = f"The lock of {submission.instrument}"
    if lock is None:
        return f"{name} was released or broken."
    if lock.user != submission.user:
        since = f"{lock.created_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"{lock.user} has held the lock of {submission.instrument} since {since}."
    if lock.tenure == submission.lock_tenure:
        return f"{name} expired at {lock.expires_at:%Y-%m-%d %H:%M:%S} UTC."
    return f"{name} was released and taken again."


def text_of(file: SubmittedFile) -> str | None:
    """Return the text of a new mapping, staged or in the store; None if it is gone with its submission.

    Raises
    ------
    DamagedFileError
        Raised if its bytes differ from the recorded sha1sum.
    """
    if file.submission.is_adopted:
        return load_text(get_file(file.official_name))
    try:
        return staging.load(file).decode("utf-8")
    except FileNotFoundError:
        return None


def parent_text(file: SubmittedFile) -> str | None:
    """Return the text of the mapping that a new one was derived from; None if this server does not hold it.

    Raises
    ------
    DamagedFileError
        Raised if its bytes differ from the sha1sum in the catalogue.
    """
    parent = find_file(file.derived_from) if file.derived_from else None
    return load_text(parent) if parent is not None and parent.is_held else None


def last_check_of(name: str) -> SubmittedFile | None:
    """Return the file row of the newest certify run of an official file; None if there was no run."""
    rows = SubmittedFile.objects.filter(name=name, origin=Origin.LISTED, submission__kind=Kind.CERTIFY)
    return rows.select_related("submission").order_by("-pk").first()


def find_pending(name: str) -> SubmittedFile | None:
    """Return the new file that will get this official name if its submission is confirmed, or None.

    The submission is not over yet.
    """
    rows = SubmittedFile.objects.filter(official_name=name, submission__status__in=ALIVE)
    return rows.exclude(origin=Origin.LISTED).select_related("submission").order_by("-pk").first()
