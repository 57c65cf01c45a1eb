"""Writes to a channel: the numbers rise without gap, and nothing follows `done`."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.core.free_text import storable
from apps.jobs.models import Channel, Message
from apps.jobs.states import DONE_STATUS, MessageType

logger = logging.getLogger(__name__)

LONGEST = 20_000  # characters of one message


def append(key: str, kind: str, text: str) -> bool:
    """Write a message, unless the channel is closed; return whether it was written.

    Raises
    ------
    ValueError
        Raised if `kind` is none that clients understand, or is ``done``.
    """
    return append_all(key, [(kind, text)])


def append_all(key: str, messages: Sequence[tuple[str, str]]) -> bool:
    """Write messages, pairs of type and text, as `append` does; they appear at once."""
    for kind, _text in messages:
        if kind not in MessageType.values or kind == MessageType.DONE:
            raise ValueError(f"no message of type {kind!r} can be sent")
    return _write(key, [Message(type=kind, text=_storable(text)) for kind, text in messages])


def close(key: str, status: int, result: str) -> bool:
    """Write the last message, unless there is one; return whether it was written.

    Raises
    ------
    ValueError
        Raised if `status` is not 0, 1 or 3.
    """
    if status not in DONE_STATUS:
        raise ValueError(f"no job can end with status {status}")
    done = Message(type=MessageType.DONE, text=_storable(result), status=status)
    return _write(key, [done], done_at=timezone.now())


@transaction.atomic
def _write(key: str, messages: Sequence[Message], **closing: datetime) -> bool:
    # The counter's row is locked until the commit, so that a reader never sees a number before a lower one.
    is_open = Channel.objects.filter(pk=key, done_at=None)
    if not is_open.update(last_number=F("last_number") + len(messages), **closing):
        logger.info("channel %s is closed; not written: %d messages", key, len(messages))
        return False
    last = Channel.objects.values_list("last_number", flat=True).get(pk=key)
    for number, message in enumerate(messages, last - len(messages) + 1):
        message.channel_id, message.number = key, number
    Message.objects.bulk_create(messages)
    return True


def _storable(text: str) -> str:
    """Return the text without what no database keeps, and not longer than anybody reads."""
    clean = storable(text)
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + " …"
