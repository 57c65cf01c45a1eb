"""Sweeps: repair what a dead worker or a kill left behind, and end submissions that have waited too long."""

from datetime import timedelta
from itertools import chain

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.catalog import pending
from apps.jobs.models import Job
from apps.jobs.states import OVER
from apps.jobs.states import Status as JobStatus
from apps.submissions import staging
from apps.submissions.mails import notify
from apps.submissions.models import IngestFile, Submission, SubmittedFile
from apps.submissions.pipeline.outcomes import end_lost
from apps.submissions.states import ALIVE, Status

WARNED_BEFORE = timedelta(minutes=30)


def sweep() -> int:
    """Warn of ending locks, end abandoned submissions and clear folders; return how many ended or cleared."""
    warn_of_ending_locks()
    return end_orphans() + end_unattended() + staging.clear_all()


def remove_unneeded() -> int:
    """Remove from a bucket the bytes of deliveries that are over; return how many files."""
    alive = SubmittedFile.objects.filter(submission__status__in=ALIVE)
    sums = (
        rows.values_list(column, flat=True)
        for rows, column in (
            (IngestFile.objects.all(), "sha1sum"),
            (alive, "sha1sum"),
            (alive, "official_sha1sum"),
        )
    )
    return pending.remove_others(set(chain.from_iterable(sums)))


def warn_of_ending_locks() -> None:
    """Warn the submitters of ready submissions whose lock ends within `WARNED_BEFORE`, once for each end."""
    for submission in Submission.objects.filter(status=Status.READY):
        lock = submission.find_lock()
        if lock is not None and timedelta() < lock.time_left < WARNED_BEFORE:
            with transaction.atomic():
                notify.lock_ending(submission, at=lock.expires_at)


def end_orphans() -> int:
    """End submissions whose job was cancelled while it waited, or was given up; return how many."""
    running = Submission.objects.filter(status__in=(Status.STARTED, Status.PROCESSING))
    ended = 0
    for submission in running:
        job = Job.objects.filter(kind="submission", subject_id=submission.pk, status__in=OVER).first()
        if job is None:
            continue
        if job.status == JobStatus.CANCELLED:
            end_lost(submission, Status.CANCELLED, "Aborted on request.")
        else:
            end_lost(submission, Status.FAILED, f"Internal error, incident {job.incident}: its worker died.")
        ended += 1
    return ended


def end_unattended() -> int:
    """End submissions that have been ready for more than ``READY_DAYS`` days; return how many."""
    limit = timezone.now() - timedelta(days=settings.READY_DAYS)
    forgotten = Submission.objects.filter(status=Status.READY, ready_at__lt=limit)
    for submission in forgotten:
        end_lost(
            submission,
            Status.TIMED_OUT,
            f"Nobody confirmed or cancelled it within {settings.READY_DAYS} days.",
        )
    return len(forgotten)
