"""One run of one job, from claim to end."""

import contextlib
import logging

from apps.jobs.errors import AbortedError, JobStopped, LostClaimError
from apps.jobs.models import Job
from apps.jobs.pipeline import heartbeat
from apps.jobs.pipeline.claim import claim
from apps.jobs.pipeline.progress import finish
from apps.jobs.registry import function_of
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
    except AbortedError:
        _end(job, 3, "Aborted on request.")
    except CrdsError as exc:  # Who asked for the job can correct it.
        _end(job, 1, str(exc))
    except Exception:  # We must correct it.
        logger.exception("%s failed, incident %s", job, job.incident)
        _end(job, 1, f"Internal error, incident {job.incident}.")


def _end(job: Job, status: int, result: str) -> None:
    """End a job that its own function has not ended."""
    if job.status == Status.RUNNING:
        with contextlib.suppress(JobStopped):
            finish(job, status, result)
