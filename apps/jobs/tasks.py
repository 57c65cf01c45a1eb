"""Tasks: one run of a job, and scheduled work."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from apps.core.broker import publish
from apps.jobs import pipeline


@shared_task(acks_late=True)
def execute(job_id: int) -> None:
    pipeline.execute(job_id)


@shared_task
def sweep(is_start: bool = False) -> None:
    """Put back the jobs of dead workers, and announce the jobs that wait."""
    pipeline.put_back_lost_jobs()
    for job_id in pipeline.jobs_to_announce(is_start=is_start):
        pipeline.announce(job_id)


@shared_task
def clean_channels() -> None:
    pipeline.clean_channels()


@worker_ready.connect
def sweep_at_start(**_: Any) -> None:
    """Sweep when a worker starts, without waiting for the schedule: its predecessor may have left jobs."""
    publish(sweep, about="the sweep at start", kwargs={"is_start": True})
