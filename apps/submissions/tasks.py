"""Tasks that beat schedules, and the warm-up of a worker that starts."""

import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings

from apps.certify.runner import runner_for
from apps.jobs.models import Job
from apps.submissions import operations, pipeline
from apps.submissions.models import Submission
from apps.submissions.uploads import ingest_area


@shared_task
def remove_abandoned_parts() -> None:
    ingest_area.remove_abandoned_parts()
    pipeline.remove_unneeded()


@shared_task
def sweep() -> None:
    pipeline.sweep()
    operations.confirm_left_provisional()


def run_submission(job: Job) -> None:
    """Do the job of a submission, and confirm it at once if the policy says so."""
    pipeline.run(job)
    submission = Submission.objects.filter(pk=job.subject_id or 0, is_provisional=True).first()
    if submission is not None:
        operations.confirm_provisional(submission)


@worker_ready.connect
def warm_up(**_: Any) -> None:
    """Import the library in the background before the first submission arrives."""
    if not settings.WARM_UP:
        return
    threading.Thread(target=runner_for(settings.OBSERVATORY).warm, name="warm-up", daemon=True).start()
