"""Operations on background work: open a channel, start, refuse, abort, pull."""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from apps.core.errors import ConflictError
from apps.jobs import channels, queries
from apps.jobs.models import Channel, Job, Message
from apps.jobs.pipeline.announce import announce
from apps.jobs.registry import require_kind
from apps.jobs.states import Status

REPEATED = ("mail", "look")  # Kinds of jobs that may run again after they failed.


def open_channel(*, user: str) -> str:
    """Open a channel for the next job of a person, and return its key."""
    return Channel.objects.create(user=user).key


@transaction.atomic
def start(
    kind: str,
    *,
    subject_id: int | None,
    user: str,
    channel: str | None,
    not_before: datetime | None = None,
    is_watched: bool = True,
) -> Job:
    """Queue a job. A worker takes it after the transaction is committed.

    Parameters
    ----------
    kind
        A key of the setting ``JOB_KINDS``.
    subject_id
        Primary key of the object that it works on.
    channel
        Key of the channel to report to. A channel serves one job. Without a key, or if the channel is
        unknown or used, the job gets a new one; see `Job.channel_id`.
    not_before
        Earliest moment at which a worker may take the job, aware; now if not given.
    is_watched
        Whether the job gets a channel. Work that nobody watches needs none.

    Raises
    ------
    UnknownKindError
        Raised if no function is registered for this kind.
    """
    require_kind(kind)
    key = _channel_for_job(channel, user) if is_watched else None
    now = timezone.now()
    job = Job.objects.create(
        kind=kind,
        subject_id=subject_id,
        user=user,
        channel_id=key,
        queued_at=now,
        not_before=not_before or now,
        # The sweep announces jobs that start later.
        announced_at=None if not_before else now,
    )
    if not not_before:
        transaction.on_commit(partial(announce, job.pk))
    return job


def _channel_for_job(wanted: str | None, user: str) -> str:
    """Take the channel that was asked for if it is free, else a new one, and return its key."""
    key = wanted if wanted and _take(wanted) else open_channel(user=user)
    Channel.objects.filter(pk=key, taken_at=None).update(taken_at=timezone.now())
    return key


def _take(key: str) -> bool:
    """Take a channel for a job if it is free, and return whether it was. Of two jobs only one gets it."""
    free = Channel.objects.filter(pk=key[:128], taken_at=None, done_at=None)
    return bool(free.update(taken_at=timezone.now()))


def refuse(key: str | None, *, reason: str) -> None:
    """Close a channel whose request was refused, so that a client does not wait there forever.

    Do nothing if there is no such channel, or if a job has it.
    """
    if key and _take(key):
        channels.close(key, 1, reason)


def abort(key: str) -> None:
    """End the job of a channel: at once if it waits, else at its next message.

    Raises
    ------
    ChannelNotFoundError
        Raised if no channel has this key.
    """
    channel = queries.require_channel(key)
    job = Job.objects.filter(channel=channel).first()
    if job is None or job.is_over or _cancel_waiting(job):
        return
    Job.objects.filter(pk=job.pk, status__in=(Status.QUEUED, Status.RUNNING)).update(abort_at=timezone.now())


def abort_job(job: Job) -> None:
    """End a job, with or without a channel: at once if it waits, else at its next message.

    Raises
    ------
    ConflictError
        Raised if it is over.
    """
    if not _cancel_waiting(job):
        running = Job.objects.filter(pk=job.pk, status__in=(Status.QUEUED, Status.RUNNING))
        if not running.update(abort_at=timezone.now()):
            raise ConflictError(f"{job} is over already.")


@transaction.atomic
def run_again(job: Job) -> None:
    """Queue a failed job again, or let a job that waits for its next attempt run now.

    Raises
    ------
    ConflictError
        Raised if jobs of this kind cannot be repeated, or if it runs or has completed.
    """
    if job.kind not in REPEATED:
        raise ConflictError(f"A job of kind {job.kind} cannot run again. Whoever asked for it asks again.")
    waiting = Job.objects.filter(pk=job.pk, status=Status.QUEUED)
    if waiting.update(not_before=timezone.now(), announced_at=timezone.now()):
        transaction.on_commit(partial(announce, job.pk))
    elif Job.objects.filter(pk=job.pk, status=Status.FAILED).exists():
        start(job.kind, subject_id=job.subject_id, user=job.user, channel=None, is_watched=False)
    else:
        raise ConflictError(f"{job} runs or has completed.")


@transaction.atomic
def _cancel_waiting(job: Job) -> bool:
    if job.status != Status.QUEUED:
        return False
    now = timezone.now()
    try:
        # Guarded by the number of attempts. A worker that claims the job now sees `abort_at` instead.
        job.enter(Status.CANCELLED, abort_at=now, finished_at=now)
    except ConflictError:
        return False
    if job.channel_id:
        channels.close(str(job.channel_id), 3, "Aborted on request.")
    return True


def pull(key: str, *, since_id: int | None) -> list[Message]:
    """Return messages as `queries.messages` does; without a number, those after the last such pull.

    A pull with a number writes nothing, so that it need not wait for a worker that is writing.
    """
    if since_id is not None:
        return queries.messages(key, since_id)
    with transaction.atomic():
        channel = queries.require_channel(key)
        channel = Channel.objects.select_for_update().get(pk=channel.pk)
        found = queries.messages(key, channel.pulled_number)
        if found:
            Channel.objects.filter(pk=key).update(pulled_number=found[-1].number)
    return found
