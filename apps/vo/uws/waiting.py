"""The order of waiting jobs: at most `TAP_JOBS_RUNNING` of one owner are given to workers at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connections, transaction

from apps.core import heartbeat
from apps.jobs import operations as jobs
from apps.jobs import pipeline
from apps.jobs.models import Job
from apps.vo.models import QueryJob
from apps.vo.states import Status
from apps.vo.uws.queries import of_account

KIND = "query"
POOL = 2  # queries that run in this process while there is no worker
_pool: list[ThreadPoolExecutor] = []
_lock = threading.Lock()


@transaction.atomic
def start_next(job: QueryJob) -> None:
    """Give the oldest waiting jobs of an owner to the workers, as many as may run at once."""
    mine = of_account(job).select_for_update()
    rows = list(mine.filter(status__in=(Status.QUEUED, Status.EXECUTING)).order_by("created_at", "pk"))
    given = sum(1 for row in rows if row.work is not None)
    for row in rows:
        if given >= settings.TAP_JOBS_RUNNING:
            return
        if row.work is None and row.status == Status.QUEUED:
            _give(row)
            given += 1


def _give(row: QueryJob) -> None:
    work = jobs.start(KIND, subject_id=row.pk, user=row.owner, channel=None, is_watched=False)
    QueryJob.objects.filter(pk=row.pk, work=None).update(work=work.pk)
    if not has_worker():
        transaction.on_commit(lambda: _run_here(work.pk))


def run_if_forgotten(job: QueryJob) -> None:
    """Run a job here that waits for a worker while there is none, as after a restart of this process."""
    if job.status == Status.QUEUED and job.work is not None and not has_worker():
        _run_here(job.work)


def has_worker() -> bool:
    """Return whether a worker was alive lately."""
    age = heartbeat.age()
    return age is not None and heartbeat.is_fresh(age)


def _run_here(work: int) -> None:
    """Run a piece of work in the small pool of this process, never inside of the request."""
    with _lock:
        if not _pool:
            _pool.append(ThreadPoolExecutor(POOL, thread_name_prefix="tap-job"))
    _pool[0].submit(_execute, work)


def _execute(work: int) -> None:
    try:
        # A worker that came to life in the meantime may have taken it.
        if Job.objects.filter(pk=work).exists():
            pipeline.execute(work)
    finally:
        connections.close_all()
