"""Start a submission: check what is quick to check, keep the files as they are now, and queue the job."""

import shutil
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.catalog.states import FileKind
from apps.contexts import queries as contexts
from apps.core.errors import ConflictError, DeniedError, InvalidInputError
from apps.jobs import operations as jobs
from apps.locks.errors import NoLockError
from apps.locks.queries import find_held, require_lock
from apps.submissions import staging
from apps.submissions.mails import notify
from apps.submissions.models import IngestFile, Submission, SubmittedFile
from apps.submissions.states import ALIVE, RMAP_MAKING, UPLOADING, ContextMode, Kind, Origin
from apps.submissions.uploads import ingest_area

JOB_KIND = "submission"


@dataclass(frozen=True, kw_only=True)
class SubmissionOptions:
    """The options of a submission, as its form gives them.

    Attributes
    ----------
    kind
        A `Kind`.
    instrument
        Lower case; if empty, the instrument that is locked.
    context_mode, context
        A `ContextMode`, and the pmap that it means now.
    posted_context
        The pmap that the client took it to mean; if empty, `context`.
    change_level
        A `ChangeLevel`.
    description
        Reason for the delivery.
    is_renamed, is_compared, makes_contexts
        As in `Submission`.
    names
        References to add or delete, or official files to certify again instead of uploaded ones.
    other_email
        Further addresses to notify, separated by commas.
    answers
        Key to answer in the extended form.
    is_attended
        Whether somebody waits for the result in a browser.
    repeats
        The failed submission whose files are checked again; None in any other case.
    """

    kind: str
    instrument: str = ""
    context_mode: str = ContextMode.EDIT
    context: str = ""
    posted_context: str = ""
    change_level: str = "severe"
    creator: str = ""
    description: str = ""
    is_renamed: bool = True
    is_compared: bool = True
    makes_contexts: bool = True
    names: tuple[str, ...] = ()
    other_email: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    is_attended: bool = False
    repeats: Submission | None = None


def start(options: SubmissionOptions, *, user: User, lock_key: str | None, channel: str | None) -> Submission:
    """Create a submission, and queue the job that checks it.

    The files are linked into the folder of the submission before its row is written, so that later uploads do
    not change what is checked.

    Parameters
    ----------
    lock_key
        Key of the lock that the session keeps; None if only the person counts.
    channel
        Key of the channel to report to. If it is None, unknown or already used, the job gets a new channel.

    Raises
    ------
    DeniedError
        Raised if the account may not submit for this instrument.
    NoLockError
        Raised if the instrument is not locked by this session.
    InvalidInputError
        Raised if there is nothing to submit, or a listed file cannot be added or deleted.
    ConflictError
        Raised if this person has another submission for the instrument that is not over.
    """
    instrument = _require_instrument(options, user, lock_key)
    context = contexts.get_context(options.context).name
    submission = Submission(
        kind=options.kind,
        user=user.get_username(),
        user_email=user.email,
        other_email=options.other_email,
        instrument=instrument,
        lock_tenure=_lock_tenure(options.kind, instrument, user),
        context_mode=options.context_mode,
        posted_context=options.posted_context or context,
        base=context,
        change_level=options.change_level,
        creator=options.creator,
        description=options.description,
        is_renamed=options.is_renamed,
        is_compared=options.is_compared,
        makes_contexts=options.kind in RMAP_MAKING
        or (options.kind == Kind.MAPPINGS and options.makes_contexts),
        is_by_token=user.scopes is not None,
        answers=dict(options.answers),
        is_attended=options.is_attended,
        repeats=options.repeats,
    )
    try:
        _store(submission, _files(options, submission, user), channel)
    except BaseException:
        shutil.rmtree(submission.folder, ignore_errors=True)
        raise
    return submission


def _require_instrument(options: SubmissionOptions, user: User, lock_key: str | None) -> str:
    """Return the instrument of the submission, or raise if this session has not locked it.

    A certify run needs no lock, and its instrument may be empty.
    """
    if not user.has_role("submitter", options.instrument):
        raise DeniedError(f"{user} may not submit files of {options.instrument or 'any instrument'}.")
    if options.kind == Kind.CERTIFY:
        return options.instrument
    held = find_held(user.get_username(), key=lock_key)
    instrument = options.instrument or (held.instrument if held else "")
    if not instrument:
        raise NoLockError("You do not hold a lock. Log in again and choose the instrument of your files.")
    require_lock(instrument, user=user.get_username(), key=lock_key)
    return instrument


def _lock_tenure(kind: str, instrument: str, user: User) -> uuid.UUID | None:
    """Return the tenure of the lock that protects the submission; a certify run needs none and gets None."""
    if kind == Kind.CERTIFY:
        return None
    lock = find_held(user.get_username())
    return lock.tenure if lock and lock.instrument == instrument else None


def _files(options: SubmissionOptions, submission: Submission, user: User) -> list[SubmittedFile]:
    if options.kind == Kind.CERTIFY and options.names:
        return _official(options, submission)
    if options.kind not in UPLOADING:
        return _listed(options, submission)
    rows = ingest_area.files_of(user.pk)
    if not rows:
        raise InvalidInputError("You have not uploaded any files. Upload them first.")
    return _uploaded(submission, rows)


def _uploaded(submission: Submission, rows: Iterable[IngestFile]) -> list[SubmittedFile]:
    """Link the files of the ingest area into the folder of the submission."""
    files = []
    for row in rows:
        staging.link(ingest_area.bring(row), staging.uploaded(submission) / row.name)
        files.append(SubmittedFile(submission=submission, name=row.name, size=row.size, sha1sum=row.sha1sum))
    return files


def _listed(options: SubmissionOptions, submission: Submission) -> list[SubmittedFile]:
    """Return rows for references that are already on this server.

    Raises
    ------
    InvalidInputError
        Raised if no name is given, or with the reason for each name that cannot be added or deleted.
    """
    names = tuple(dict.fromkeys(options.names))
    if not names:
        raise InvalidInputError("Name at least one reference.")
    known = catalog.files_named(names)
    present = set(contexts.reference_names(submission.base))
    complaints = []
    for name in names:
        file = known.get(name)
        if file is None:
            complaints.append(f"{name!r} is not known to this server")
        elif file.kind != FileKind.REFERENCE:
            complaints.append(f"{name} is a mapping, but only references can be listed here")
        elif file.instrument != submission.instrument:
            complaints.append(f"{name} belongs to {file.instrument or 'no instrument'}")
        elif options.kind == Kind.ADD and file.is_bad:
            complaints.append(f"{name} is marked bad")
        elif options.kind == Kind.ADD and name in present:
            complaints.append(f"{name} is already part of {submission.base}")
        elif options.kind == Kind.ADD and not file.is_held:
            complaints.append(f"{name} is in the catalog, but this server does not hold the file")
        elif options.kind == Kind.DELETE and name not in present:
            complaints.append(f"{name} could not be found and deleted: it is not part of {submission.base}")
    if complaints:
        raise InvalidInputError("; ".join(complaints) + ".")
    return [_row(submission, known[name]) for name in names]


def _official(options: SubmissionOptions, submission: Submission) -> list[SubmittedFile]:
    """Return rows for official files that a certify run checks as they are in the store."""
    names = tuple(dict.fromkeys(options.names))
    known = catalog.files_named(names)
    missing = [name for name in names if name not in known or not known[name].is_held]
    if missing:
        raise InvalidInputError(f"This server does not hold these files: {', '.join(missing)}.")
    return [_row(submission, known[name]) for name in names]


def _row(submission: Submission, file: File) -> SubmittedFile:
    """Return the row for a file that is already on this server."""
    return SubmittedFile(
        submission=submission,
        origin=Origin.LISTED,
        name=file.name,
        official_name=file.name,
        instrument=file.instrument,
        filekind=file.filekind,
        size=file.size,
        sha1sum=file.sha1sum,
    )


def _store(submission: Submission, files: list[SubmittedFile], channel: str | None) -> None:
    try:
        with transaction.atomic():
            submission.save()
            SubmittedFile.objects.bulk_create(files)
            job = jobs.start(JOB_KIND, subject_id=submission.pk, user=submission.user, channel=channel)
            submission.channel = str(job.channel_id)
            submission.save(update_fields=["channel"])
            notify.started(submission)
    except IntegrityError as exc:
        other = Submission.objects.filter(
            user=submission.user, instrument=submission.instrument, status__in=ALIVE
        ).first()
        if other is None or not submission.instrument:
            raise
        raise ConflictError(
            f"Your submission {other.key} for {other.instrument} is {other.status}. Confirm or cancel it at "
            f"{other.result_url} before you start another one."
        ) from exc
