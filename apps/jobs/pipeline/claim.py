"""The claim of a worker on a job: taking it, and checking that the worker still has it."""

import os
import socket
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from apps.jobs.errors import JobAbortedError, LostClaimError
from apps.jobs.models import Job
from apps.jobs.pipeline import clock
from apps.jobs.states import Status

STALE = 4  # missing heartbeats after which a worker is taken for dead


def claim(job_id: int) -> Job | None:
    """Take a waiting job, or return None if it does not wait. Of many workers only one gets it.

    The database gives the moments, because the clocks of workers differ.
    """
    with transaction.atomic():
        taken = Job.objects.filter(is_due(), pk=job_id, status=Status.QUEUED).update(
            status=Status.RUNNING,
            attempts=F("attempts") + 1,
            started_at=clock.now(),
            heartbeat_at=clock.now(),
            worker=f"{socket.gethostname()[:200]} {os.getpid()}",
        )
        return Job.objects.get(pk=job_id) if taken else None


def patience() -> timedelta:
    """Return the time without a heartbeat after which a worker is taken for dead."""
    return timedelta(seconds=STALE * settings.HEARTBEAT_SECONDS)


def is_due() -> Q:
    """Return the condition that a worker may take a waiting job now.

    A job that nobody put off is due whatever the clock says, which may have gone back since then.
    """
    return Q(not_before__lte=clock.now()) | Q(not_before__lte=F("queued_at"))


def beat(job: Job) -> bool:
    """Note that the worker of a job is alive, and return whether it still has the job."""
    mine = Job.objects.filter(job.guard(), pk=job.pk, status=Status.RUNNING)
    return bool(mine.update(heartbeat_at=clock.now()))


def require_claim(job: Job) -> None:
    """Refuse to continue unless this worker has the job. In a transaction it keeps the job until the end.

    Raises
    ------
    LostClaimError
        Raised if another worker has the job, or the job is over.
    JobAbortedError
        Raised if somebody asked to abort the job.
    """
    if not beat(job):
        raise LostClaimError(f"This worker no longer runs {job}.")
    if Job.objects.filter(pk=job.pk, abort_at__isnull=False).exists():
        raise JobAbortedError(f"Somebody asked to abort {job}.")
