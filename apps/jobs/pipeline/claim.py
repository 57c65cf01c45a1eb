"""How a worker gets a job, and how it knows that the job is still its own."""

import os
import socket

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.jobs.errors import AbortedError, LostClaimError
from apps.jobs.models import Job
from apps.jobs.states import Status


def claim(job_id: int) -> Job | None:
    """Take a job that waits, or return None if it does not: of any number of workers one gets it."""
    now = timezone.now()
    with transaction.atomic():
        waiting = Job.objects.filter(pk=job_id, status=Status.QUEUED, not_before__lte=now)
        taken = waiting.update(
            status=Status.RUNNING,
            attempts=F("attempts") + 1,
            started_at=now,
            heartbeat_at=now,
            worker=f"{socket.gethostname()[:200]} {os.getpid()}",
        )
        return Job.objects.get(pk=job_id) if taken else None


def beat(job: Job) -> bool:
    """Say that the worker of a job is alive; return whether the job is still its own."""
    mine = Job.objects.filter(job.guard(), pk=job.pk, status=Status.RUNNING)
    return bool(mine.update(heartbeat_at=timezone.now()))


def require_claim(job: Job) -> None:
    """Go on only if this worker has the job; inside a transaction it keeps it until the end of that.

    Raises
    ------
    LostClaimError
        Raised if another worker has the job, or it is over.
    AbortedError
        Raised if somebody asked that the job ends.
    """
    if not beat(job):
        raise LostClaimError(f"{job} is no longer run by this worker.")
    if Job.objects.filter(pk=job.pk, abort_at__isnull=False).exists():
        raise AbortedError(f"{job} is to end.")
