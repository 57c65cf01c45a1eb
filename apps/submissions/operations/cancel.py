"""Cancel a submission: only its record and the ingest area are kept."""

from django.db import transaction

from apps.accounts.models import User
from apps.jobs import operations as jobs
from apps.jobs.models import Job
from apps.jobs.states import Status as JobStatus
from apps.submissions import staging
from apps.submissions.models import Submission
from apps.submissions.operations.permissions import require_cancel
from apps.submissions.operations.start import JOB_KIND
from apps.submissions.pipeline.outcomes import close
from apps.submissions.queries import find_protection
from apps.submissions.states import Status


def cancel(submission: Submission, *, user: User) -> Submission:
    """End a submission that is not over, and release its names and the lock of its submitter.

    A submission that is being processed ends at its next step, any other at once. Cancelling again changes
    nothing.

    Raises
    ------
    DeniedError
        Raised if the lock of another person still protects it, or `user` may not submit for the instrument.
    NotReadyError
        Raised if its files are already adopted, or if it ended in another way.
    """
    if submission.status == Status.CANCELLED:
        return submission
    require_cancel(submission, user=user, protection=find_protection(submission))
    if submission.status != Status.READY:
        jobs.abort(submission.channel)
    if submission.status == Status.READY or _is_without_worker(submission):
        _close(submission, user)
        staging.clear(submission)
    return submission


def _is_without_worker(submission: Submission) -> bool:
    """Return whether its job was cancelled before a worker took it, or after its last worker died."""
    jobs_of = Job.objects.filter(kind=JOB_KIND, subject_id=submission.pk)
    return jobs_of.filter(status=JobStatus.CANCELLED).exists()


@transaction.atomic
def _close(submission: Submission, user: User) -> None:
    name = user.get_username()
    close(submission, Status.CANCELLED, reason=f"Cancelled by {name}.", by=name)
