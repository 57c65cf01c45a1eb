"""Reads of jobs."""

from __future__ import annotations

import re
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.jobs.models import Job
from apps.vo.errors import ForbiddenError, MissingError
from apps.vo.identity.reader import Reader
from apps.vo.models import QueryJob
from apps.vo.states import Status

STALE = 6  # missing heartbeats; the sweep of a worker takes a dead one away earlier
_KEY = re.compile(r"[0-9a-f]{32}")


def job_of(key: str, reader: Reader) -> QueryJob:
    """Return a job that the caller may see and change.

    Raises
    ------
    MissingError
        Raised if there is no such job.
    ForbiddenError
        Raised if it belongs to somebody else, or if it may show more than the caller may see now.
    """
    job = QueryJob.objects.filter(key=key).first() if _KEY.fullmatch(key) else None
    if job is None:
        raise MissingError(f"There is no job {key[:40]!r}; it may have been removed.")
    if job.owner and job.owner != reader.name:
        raise ForbiddenError("This job belongs to somebody else; log in as its owner.")
    if job.sees_all and not reader.sees_all:
        raise ForbiddenError("This job was made with rights of an operator, which you or your token lack.")
    return job


def jobs_of(reader: Reader) -> QuerySet[QueryJob]:
    """Return the jobs of the caller, the newest first; none for anonymous callers."""
    return QueryJob.objects.filter(owner=reader.name) if reader.name else QueryJob.objects.none()


def of_account(job: QueryJob) -> QuerySet[QueryJob]:
    """Return all jobs that count together with a job."""
    if job.owner:
        return QueryJob.objects.filter(owner=job.owner)
    return QueryJob.objects.filter(owner="", address=job.address)


def count_kept(reader: Reader) -> int:
    """Return how many jobs of the caller are kept; addresses distinguish anonymous callers."""
    mine = Q(owner=reader.name) if reader.name else Q(owner="", address=reader.address)
    return QueryJob.objects.filter(mine).count()


def work_has_ended(job: QueryJob) -> bool:
    """Return whether the background work of a running job is over, as after the death of its worker."""
    if job.status not in (Status.QUEUED, Status.EXECUTING) or job.work is None:
        return False
    work = Job.objects.filter(pk=job.work).first()
    return work is None or work.is_over or _is_stale(work)


def _is_stale(work: Job) -> bool:
    """Return whether the worker of a piece of work has given no sign of life for a while."""
    limit = timezone.now() - timedelta(seconds=STALE * settings.HEARTBEAT_SECONDS)
    return work.status == "running" and work.heartbeat_at is not None and work.heartbeat_at < limit
