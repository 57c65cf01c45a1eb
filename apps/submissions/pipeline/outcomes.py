"""Outcomes of a submission's job: ready, certified, failed, timed out or cancelled.

Each outcome is one transaction: the status, the job with its last message, the lock and the mail.
"""

import logging

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog import audit
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import Action
from apps.core.errors import ConflictError
from apps.core.free_text import storable
from apps.jobs.models import Job
from apps.jobs.pipeline import finish
from apps.locks.operations import release_instrument, shorten
from apps.submissions import staging
from apps.submissions.mails import notify
from apps.submissions.models import Submission
from apps.submissions.pipeline.official_names import release_names
from apps.submissions.states import Kind, Status

logger = logging.getLogger(__name__)


@transaction.atomic
def end_well(job: Job, submission: Submission) -> None:
    """Make a submission ready, or certified; the last message of the channel is the address of its page."""
    now = timezone.now()
    if submission.kind == Kind.CERTIFY:
        submission.enter(Status.CERTIFIED, ended_at=now)
    else:
        submission.enter(Status.READY, ready_at=now)
        if not submission.is_provisional:  # Nobody need decide.
            notify.ready(submission)
    finish(job, 0, submission.result_url)
    logger.info("%s is %s", submission, submission.status)


def end_badly(job: Job | None, submission: Submission, status: Status, reason: str) -> None:
    """Fail, time out or cancel a submission: only its record and the ingest area are kept."""
    is_cancelled = status == Status.CANCELLED
    with transaction.atomic():
        if job is not None:
            finish(job, 3 if is_cancelled else 1, reason)
        close(submission, status, reason=reason, by=submission.user if is_cancelled else "")
    staging.clear(submission)


def close(submission: Submission, status: Status, *, reason: str, by: str) -> None:
    """End a submission whose files are not adopted; call it in a transaction, then `staging.clear`.

    Parameters
    ----------
    by
        Account that decided it; empty if nobody did.
    """
    # First, as in a confirmation: otherwise each could hold the rows that the other waits for.
    lock_ledger()
    submission.enter(status, ended_at=timezone.now(), ended_by=by, reason=storable(reason))
    # A confirmation that was killed may have left files in the store.
    staging.withdraw(submission)
    release_names(submission.pk)
    _release_lock(submission, is_decided=by != "")
    if submission.kind != Kind.CERTIFY:
        notify.ended(submission)
        _record_cancelled(submission, by)
    logger.info("%s is %s: %s", submission, status, reason)


def _release_lock(submission: Submission, *, is_decided: bool) -> None:
    """Release the lock that the submission was started under.

    After a decision, also release a lock of the instrument that its submitter has taken since. A certify run
    releases no lock. Somebody who waits in a browser keeps the lock for a while, to repair the files.
    """
    lock = submission.find_lock()
    if submission.kind == Kind.CERTIFY or (lock is None and not is_decided):
        return
    if lock is not None and not is_decided and submission.is_attended and settings.REPAIR_LOCK_SECONDS:
        shorten(lock, seconds=settings.REPAIR_LOCK_SECONDS)
        return
    release_instrument(submission.instrument, user=submission.user)


def _record_cancelled(submission: Submission, by: str) -> None:
    if submission.status == Status.CANCELLED:
        details = f"{submission} of {submission.user}"
        audit.noted(Action.CANCEL_SUBMIT, user=by, why=submission.description, details=details)


def end_lost(submission: Submission, status: Status, reason: str) -> None:
    """End a submission whose job is over while the submission is not; log it if it has already ended."""
    try:
        end_badly(None, submission, status, reason)
    except ConflictError:
        logger.info("%s is %s already", submission, submission.status)
