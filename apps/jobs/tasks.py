"""One run of a job, and work that beat asks for."""

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
    """Put back what dead workers left, and announce what waits."""
    pipeline.put_back_lost_jobs()
    for job_id in pipeline.jobs_to_announce(is_start=is_start):
        pipeline.announce(job_id)


@shared_task
def clean_channels() -> None:
    pipeline.clean_channels()


@worker_ready.connect
def sweep_at_start(**_: Any) -> None:
    """Do not wait for beat: what the worker before this one left is known now."""
    publish(sweep, about="the sweep at start", kwargs={"is_start": True})
