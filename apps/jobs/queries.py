"""Reads of channels and jobs. Whoever knows the key of a channel may read it."""

import re

from apps.jobs.errors import ChannelNotFoundError
from apps.jobs.models import Channel, Job, Message
from apps.jobs.states import MessageType, Status

AT_ONCE = 1000  # messages in one answer; the next request gets the rest
_KEY = re.compile(r"[a-zA-Z0-9:.-]{1,128}")
_LARGEST = 2**63 - 1  # the largest number that a column holds


def require_channel(key: str) -> Channel:
    """Return a channel.

    Raises
    ------
    ChannelNotFoundError
        Raised if no channel has this key.
    """
    channel = Channel.objects.filter(pk=key).first() if _KEY.fullmatch(key) else None
    if channel is None:
        raise ChannelNotFoundError(key[:128])
    return channel


def messages(key: str, since_id: int) -> list[Message]:
    """Return the messages with a number above `since_id`, oldest first and not more than `AT_ONCE`.

    Raises
    ------
    ChannelNotFoundError
        Raised if no channel has this key.
    """
    channel = require_channel(key)
    above = min(max(since_id, 0), _LARGEST)
    return list(Message.objects.filter(channel=channel, number__gt=above)[:AT_ONCE])


def find_job(*, kind: str, subject_id: int) -> Job | None:
    """Return the newest job of a kind that works on this object, or None."""
    return Job.objects.filter(kind=kind, subject_id=subject_id).order_by("-pk").first()


def result_of(job: Job) -> str:
    """Return the last message of a job that is over; empty if its channel was removed."""
    done = Message.objects.filter(channel_id=job.channel_id, type=MessageType.DONE).first()
    return done.text if done else ""


def count_unfinished(kind: str) -> int:
    """Return the number of jobs of a kind that wait or run."""
    return Job.objects.filter(kind=kind, status__in=(Status.QUEUED, Status.RUNNING)).count()


def has_claim(job: Job) -> bool:
    """Return whether the worker of this job still has it and may continue."""
    mine = Job.objects.filter(job.guard(), pk=job.pk, status=Status.RUNNING)
    return mine.filter(abort_at=None).exists()
