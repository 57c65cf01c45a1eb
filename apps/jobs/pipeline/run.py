"""One run of one job, from claim to end."""

import contextlib
import logging
from datetime import timedelta

from django.db import connection

from apps.core.errors import ConflictError
from apps.core.outages import PASSING, find_outage
from apps.jobs.errors import JobAbortedError, JobStopped, LostClaimError, TryLater
from apps.jobs.models import Job
from apps.jobs.pipeline import clock, heartbeat, lanes
from apps.jobs.pipeline.announce import announce
from apps.jobs.pipeline.claim import claim
from apps.jobs.pipeline.progress import finish
from apps.jobs.registry import attempts_of, function_of
from apps.jobs.states import Status
from apps.rules.errors import CrdsError

logger = logging.getLogger(__name__)

OUTAGE_PAUSE = timedelta(seconds=15)  # until a job starts again whose database went away


def execute(job_id: int) -> None:
    """Run a job, unless another worker has or had it: a job may be announced more than once."""
    waiting = Job.objects.filter(pk=job_id).first()
    if waiting is None or not lanes.has_room(waiting):
        return  # The end of another job of its lane announces it again.
    job = claim(job_id)
    if job is None:
        return
    logger.info("%s started, attempt %d", job, job.attempts)
    with heartbeat.beating(job):
        _run(job)
    logger.info("%s ended its run: %s", job, job.status)
    if following := lanes.find_next(job.kind):
        announce(following)


def _run(job: Job) -> None:
    try:
        function_of(job.kind)(job)
        _end(job, 0, "Done.")
    except LostClaimError:
        logger.warning("the worker lost %s, attempt %d", job, job.attempts)
    except TryLater as exc:
        _put_off(job, exc)
    except JobAbortedError:
        _end(job, 3, "Aborted on request.")
    except CrdsError as exc:  # The person who asked for the job can correct it.
        _end(job, 1, str(exc))
    except Exception as exc:
        if (outage := find_outage(exc)) in PASSING:
            logger.warning("%s was stopped, %s: %s", job, outage.code, exc)
            _leave_lost_connection()
            _put_off(job, TryLater(outage.text, pause=OUTAGE_PAUSE))
            return
        # The fault is ours.
        logger.exception("%s failed, incident %s", job, job.incident)
        _end(job, 1, f"Internal error, incident {job.incident}.")


def _leave_lost_connection() -> None:
    """Give a lost connection back, so that the next statement gets another one."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def _put_off(job: Job, refusal: TryLater) -> None:
    """Put a job off until its next attempt, or end it after the last one."""
    if job.attempts >= attempts_of(job.kind):
        logger.error("%s has failed after %d attempts: %s", job, job.attempts, refusal)
        _end(job, 1, str(refusal))
        return
    try:
        # Not announced now; the sweep announces it when it is due.
        job.enter(Status.QUEUED, not_before=clock.now() + refusal.pause, announced_at=None)
    except ConflictError:
        logger.warning("the worker lost %s, attempt %d", job, job.attempts)
        return
    logger.warning("%s waits until %s: %s", job, job.not_before, refusal)


def _end(job: Job, status: int, result: str) -> None:
    """End a job that its own function has not ended."""
    if job.status == Status.RUNNING:
        with contextlib.suppress(JobStopped):
            finish(job, status, result)
