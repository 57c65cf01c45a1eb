"""Messages from a job to the people who watch it."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from apps.core.errors import ConflictError
from apps.jobs import channels
from apps.jobs.errors import LostClaimError
from apps.jobs.models import Job
from apps.jobs.pipeline.claim import require_claim
from apps.jobs.states import DONE_STATUS


@transaction.atomic
def say(job: Job, type: str, text: str) -> None:
    """Write a message to the channel of a job.

    Parameters
    ----------
    type
        ``log_message``, ``verbose``, ``warning`` or ``error``. The client counts errors. With auto-confirm
        it cancels after a single one.
    text
        Plain text, not escaped.

    Raises
    ------
    JobStopped
        Raised if this worker no longer has the job, or somebody asked to abort it.
    """
    require_claim(job)
    if job.channel_id:
        channels.append(job.channel_id, type, text)


@transaction.atomic
def say_all(job: Job, messages: Sequence[tuple[str, str]]) -> None:
    """Write several messages, pairs of type and text, as `say` does; all appear at the same moment."""
    require_claim(job)
    if job.channel_id and messages:
        channels.append_all(job.channel_id, messages)


@transaction.atomic
def finish(job: Job, status: int, result: str) -> None:
    """End a job and its channel.

    Parameters
    ----------
    status
        0 completed, 1 failed, 3 cancelled.
    result
        For status 0 the address of the result, without a slash at its end; else the reason.

    Raises
    ------
    LostClaimError
        Raised if this worker no longer has the job. Then nothing is written.
    """
    try:
        job.enter(DONE_STATUS[status], finished_at=timezone.now())
    except ConflictError as exc:
        raise LostClaimError(str(exc)) from exc
    if job.channel_id:
        channels.close(job.channel_id, status, result)
