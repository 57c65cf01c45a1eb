"""Writes to a channel: the numbers rise without gap, and nothing follows `done`."""

import logging

from django.db import transaction
from django.db.models import F
from django.utils import timezone

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
    if kind not in MessageType.values or kind == MessageType.DONE:
        raise ValueError(f"no message of type {kind!r} can be sent")
    return _write(key, kind, text, None)


def close(key: str, status: int, result: str) -> bool:
    """Write the last message, unless there is one; return whether it was written.

    Raises
    ------
    ValueError
        Raised if `status` is not 0, 1 or 3.
    """
    if status not in DONE_STATUS:
        raise ValueError(f"no job can end with status {status}")
    return _write(key, MessageType.DONE, result, status)


@transaction.atomic
def _write(key: str, kind: str, text: str, status: int | None) -> bool:
    # The counter's row is locked until the commit, so that a reader never sees a number before a lower one.
    closing = {} if status is None else {"done_at": timezone.now()}
    is_open = Channel.objects.filter(pk=key, done_at=None)
    if not is_open.update(last_number=F("last_number") + 1, **closing):
        logger.info("channel %s is closed; not written: %s", key, kind)
        return False
    number = Channel.objects.values_list("last_number", flat=True).get(pk=key)
    Message.objects.create(channel_id=key, number=number, type=kind, text=_storable(text), status=status)
    return True


def _storable(text: str) -> str:
    """Return the text without what no database keeps, and not longer than anybody reads."""
    clean = text.replace("\0", "").encode("utf-8", "replace").decode()
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + " …"
