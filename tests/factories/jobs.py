"""Channels and jobs to test with; every argument is optional."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.jobs import operations
from apps.jobs.models import Channel, Job
from apps.jobs.pipeline import claim

KIND = "test"
_functions: dict[str, Callable[[Job], None]] = {}


def run_registered(job: Job) -> None:
    """Do what the test wants."""
    _functions[job.kind](job)


def does(function: Callable[[Job], None], kind: str = KIND) -> None:
    """Make jobs of a kind call `function`."""
    _functions[kind] = function
    settings.JOB_KINDS = {**settings.JOB_KINDS, kind: f"{__name__}.run_registered"}


def make_channel(**fields: Any) -> Channel:
    return Channel.objects.create(user="test", **fields)


def make_job(*, channel: Channel | None = None, **fields: Any) -> Job:
    """Return a job that waits, reporting to a channel of its own."""
    settings.JOB_KINDS = {KIND: f"{__name__}.run_registered", **settings.JOB_KINDS}
    job = operations.start(KIND, subject_id=1, user="test", channel=channel.key if channel else None)
    Job.objects.filter(pk=job.pk).update(**fields)
    job.refresh_from_db()
    return job


def make_running_job(*, silent_for: float = 0.0, **fields: Any) -> Job:
    """Return a job as seen by the worker that claimed it; the last heartbeat was `silent_for` seconds ago."""
    job = claim(make_job().pk)
    assert job
    heartbeat = timezone.now() - timedelta(seconds=silent_for)
    Job.objects.filter(pk=job.pk).update(heartbeat_at=heartbeat, **fields)
    job.refresh_from_db()
    return job
