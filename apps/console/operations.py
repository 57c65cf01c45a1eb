"""Orders of operators that the apps below know without a record; here each one is an audit record."""

from django.db import transaction

from apps.accounts.models import User
from apps.catalog import audit
from apps.catalog.models import Action
from apps.core.access import Role, require_role
from apps.jobs import operations as jobs
from apps.jobs.models import Job


@transaction.atomic
def abort_job(job: Job, *, by: User) -> None:
    """End a job: at once if it waits, else at its next message.

    Raises
    ------
    ConflictError
        Raised if it is over.
    """
    require_role(by, Role.OPERATOR)
    jobs.abort_job(job)
    audit.noted(Action.ABORT_JOB, user=by.username, details=f"{job} of {job.user or 'the server'}")


@transaction.atomic
def run_job_again(job: Job, *, by: User) -> None:
    """Run a job again that failed or that waits for its next attempt.

    Raises
    ------
    ConflictError
        Raised if jobs of its kind cannot be repeated, or if it runs or has completed.
    """
    require_role(by, Role.OPERATOR)
    jobs.run_again(job)
    audit.noted(Action.RETRY_JOB, user=by.username, details=f"{job}")
