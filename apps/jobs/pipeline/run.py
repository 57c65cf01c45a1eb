"""One run of one job, from claim to end."""

import contextlib
import logging

from django.utils import timezone

from apps.core.errors import ConflictError
from apps.jobs.errors import AbortedError, JobStopped, LostClaimError, TryLater
from apps.jobs.models import Job
from apps.jobs.pipeline import heartbeat
from apps.jobs.pipeline.claim import claim
from apps.jobs.pipeline.progress import finish
from apps.jobs.registry import attempts_of, function_of
from apps.jobs.states import Status
from apps.rules.errors import CrdsError

logger = logging.getLogger(__name__)


def execute(job_id: int) -> None:
    """Run a job, unless somebody else has it or had it: a job may be announced more than once."""
    job = claim(job_id)
    if job is None:
        return
    logger.info("%s started, attempt %d", job, job.attempts)
    with heartbeat.beating(job):
        _run(job)
    logger.info("%s left, %s", job, job.status)


def _run(job: Job) -> None:
    try:
        function_of(job.kind)(job)
        _end(job, 0, "Done.")
    except LostClaimError:
        logger.warning("%s was lost by its worker, attempt %d", job, job.attempts)
    except TryLater as exc:
        _put_off(job, exc)
    except AbortedError:
        _end(job, 3, "Aborted on request.")
    except CrdsError as exc:  # Who asked for the job can correct it.
        _end(job, 1, str(exc))
    except Exception:  # We must correct it.
        logger.exception("%s failed, incident %s", job, job.incident)
        _end(job, 1, f"Internal error, incident {job.incident}.")


def _put_off(job: Job, refusal: TryLater) -> None:
    """Let a job wait for its next attempt, or end it after the last one."""
    if job.attempts >= attempts_of(job.kind):
        logger.error("%s has failed after %d attempts: %s", job, job.attempts, refusal)
        _end(job, 1, str(refusal))
        return
    try:
        # Without a bell: the sweep rings when the time has come.
        job.enter(Status.QUEUED, not_before=timezone.now() + refusal.pause, rung_at=None)
    except ConflictError:
        logger.warning("%s was lost by its worker, attempt %d", job, job.attempts)
        return
    logger.warning("%s waits until %s: %s", job, job.not_before, refusal)


def _end(job: Job, status: int, result: str) -> None:
    """End a job that its own function has not ended."""
    if job.status == Status.RUNNING:
        with contextlib.suppress(JobStopped):
            finish(job, status, result)
