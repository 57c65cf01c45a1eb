"""Requests of callers: make a job, start, change, abort and remove it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.core.errors import ConflictError
from apps.vo.errors import ForbiddenError, TooManyError
from apps.vo.identity.reader import Reader
from apps.vo.models import QueryJob
from apps.vo.parameters import Parameters
from apps.vo.states import Status
from apps.vo.uws import results
from apps.vo.uws.queries import count_kept, work_has_ended
from apps.vo.uws.waiting import run_if_forgotten, start_next

logger = logging.getLogger(__name__)

# Parameters of the job itself, which are not parameters of its query.
CONTROL = frozenset({"PHASE", "ACTION", "WAIT", "EXECUTIONDURATION", "DESTRUCTION"})


def create(parameters: Parameters, *, reader: Reader, origin: str) -> QueryJob:
    """Make a job that waits to be started. Its parameters are checked when it runs.

    Raises
    ------
    TooManyError
        Raised if the caller keeps too many jobs.
    """
    if count_kept(reader) >= settings.TAP_JOBS_KEPT:
        raise TooManyError(
            f"{settings.TAP_JOBS_KEPT} of your jobs are kept here; delete some of them.",
            seconds=60,
        )
    now = timezone.now()
    job = QueryJob.objects.create(
        owner=reader.name,
        sees_all=reader.sees_all,
        address="" if reader.name else reader.address,
        origin=origin,
        parameters=_own(parameters.pairs),
        run_id=_last(parameters, "RUNID")[:64],
        created_at=now,
        duration=min(settings.TAP_ASYNC_SECONDS, settings.TAP_ASYNC_MAX_SECONDS),
        destroy_at=now + timedelta(days=settings.TAP_JOB_DAYS),
    )
    logger.info("%s was made for %s", job, reader.key)
    return job


def _own(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    # PostgreSQL does not store the character 0 in JSON.
    return [[name, value.replace("\0", "\ufffd")] for name, value in pairs if name not in CONTROL]


def _last(parameters: Parameters, name: str) -> str:
    return (parameters.all(name) or [""])[-1].replace("\0", "")


@transaction.atomic
def start(job: QueryJob) -> None:
    """Start a job; one that waits or runs already is left as it is.

    Raises
    ------
    ForbiddenError
        Raised if the job is over.
    """
    try:
        job.enter(Status.QUEUED)
    except ConflictError:
        if job.is_over:
            raise ForbiddenError(f"The job is {job.status} and cannot run again; make a new one.") from None
        return
    start_next(job)


def abort(job: QueryJob) -> None:
    """End a job; one that is over is left as it is. A running query notices it within a second."""
    try:
        job.enter(Status.ABORTED, ended_at=timezone.now())
    except ConflictError:
        return
    start_next(job)


def set_parameters(job: QueryJob, parameters: Parameters) -> None:
    """Add or replace parameters of a job that was not started.

    Raises
    ------
    ForbiddenError
        Raised if it was started.
    """
    given = _own(parameters.pairs)
    if not given:
        return
    names = {name for name, _value in given}
    kept = [pair for pair in job.parameters if pair[0] not in names]
    values = {"parameters": [*kept, *given]}
    if parameters.has("RUNID"):
        values["run_id"] = _last(parameters, "RUNID")[:64]  # type: ignore[assignment]
    if not QueryJob.objects.filter(pk=job.pk, status=Status.PENDING).update(**values):
        raise ForbiddenError("The parameters of a job cannot be changed after its start.")


def set_duration(job: QueryJob, seconds: int) -> None:
    """Set how long a job may run; 0 and more than the maximum mean the maximum.

    Raises
    ------
    ForbiddenError
        Raised if it runs or is over.
    """
    most = settings.TAP_ASYNC_MAX_SECONDS
    chosen = most if seconds == 0 else min(seconds, most)
    waiting = QueryJob.objects.filter(pk=job.pk, status__in=(Status.PENDING, Status.QUEUED))
    if not waiting.update(duration=chosen):
        raise ForbiddenError("The duration of a job cannot be changed after its start.")


def set_destruction(job: QueryJob, moment: datetime) -> None:
    """Set when a job is removed, at most `TAP_JOB_MAX_DAYS` from now."""
    latest = timezone.now() + timedelta(days=settings.TAP_JOB_MAX_DAYS)
    QueryJob.objects.filter(pk=job.pk).update(destroy_at=min(moment, latest))


def remove(job: QueryJob) -> None:
    """Stop and forget a job, with its result."""
    abort(job)
    QueryJob.objects.filter(pk=job.pk).delete()
    results.remove(job)


def end_if_lost(job: QueryJob) -> None:
    """Turn a job whose worker died into an ERROR, so that nobody waits for it."""
    if not work_has_ended(job):
        run_if_forgotten(job)
        return
    reason = "TransientFault: The worker ended before the query did; run the query as a new job."
    active = QueryJob.objects.filter(pk=job.pk, status__in=(Status.QUEUED, Status.EXECUTING))
    active.update(status=Status.ERROR, error=reason, is_transient=True, ended_at=timezone.now())
    job.refresh_from_db()
    start_next(job)


def end_lost_jobs() -> None:
    """End every job whose worker died."""
    for job in QueryJob.objects.filter(status__in=(Status.QUEUED, Status.EXECUTING)):
        end_if_lost(job)
