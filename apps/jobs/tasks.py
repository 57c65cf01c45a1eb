"""The bell, and work that beat asks for."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from apps.core.broker import publish
from apps.jobs import pipeline


@shared_task(acks_late=True)
def execute(job_id: int) -> None:
    pipeline.execute(job_id)


def ring(job_id: int) -> None:
    """Tell some worker that a job waits. A broker that is away delays the job only: the sweep rings again."""
    publish(execute, job_id, about=f"job {job_id}")


@shared_task
def sweep(is_start: bool = False) -> None:
    """Put back what dead workers left, and ring for what waits."""
    pipeline.put_back_lost_jobs()
    for job_id in pipeline.bells_to_ring(is_start=is_start):
        ring(job_id)


@shared_task
def clean_channels() -> None:
    pipeline.clean_channels()


@worker_ready.connect
def sweep_at_start(**_: Any) -> None:
    """Do not wait for beat: what the worker before this one left is known now."""
    publish(sweep, about="the sweep at start", kwargs={"is_start": True})
