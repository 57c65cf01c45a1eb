"""Writing to channels: numbers rise without a gap, and no message follows `done`."""

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
        Raised if clients do not understand `kind`, or if it is ``done``.
    """
    return append_all(key, [(kind, text)])


def append_all(key: str, messages: Sequence[tuple[str, str]]) -> bool:
    """Write messages, pairs of type and text, as `append` does; all appear at the same moment."""
    for kind, _text in messages:
        if kind not in MessageType.values or kind == MessageType.DONE:
            raise ValueError(f"A message of type {kind!r} cannot be appended.")
    return _write(key, [Message(type=kind, text=_storable(text)) for kind, text in messages])


def close(key: str, status: int, result: str) -> bool:
    """Write the last message, unless there is one; return whether it was written.

    Raises
    ------
    ValueError
        Raised if `status` is not 0, 1 or 3.
    """
    if status not in DONE_STATUS:
        raise ValueError(f"A job cannot end with status {status}; it can with 0, 1 or 3.")
    done = Message(type=MessageType.DONE, text=_storable(result), status=status)
    return _write(key, [done], done_at=timezone.now())


@transaction.atomic
def _write(key: str, messages: Sequence[Message], **closing: datetime) -> bool:
    # The row of the counter stays locked until the commit, so that nobody sees a number before a lower one.
    is_open = Channel.objects.filter(pk=key, done_at=None)
    if not is_open.update(last_number=F("last_number") + len(messages), **closing):
        logger.info("channel %s is closed; %d messages were not written", key, len(messages))
        return False
    last = Channel.objects.values_list("last_number", flat=True).get(pk=key)
    for number, message in enumerate(messages, last - len(messages) + 1):
        message.channel_id, message.number = key, number
    Message.objects.bulk_create(messages)
    return True


def _storable(text: str) -> str:
    """Return the text without characters that databases refuse, and with at most `LONGEST` characters."""
    clean = storable(text)
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + " …"
