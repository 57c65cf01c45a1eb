"""The events of a time, read from the rows that other apps wrote."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.catalog.addresses import changes_page
from apps.contexts.models import ContextChange
from apps.core.addresses import absolute
from apps.reprocessing.models import Transition
from apps.reprocessing.states import ALIVE
from apps.submissions.models import Submission
from apps.submissions.states import ADOPTED
from apps.subscriptions.models import EventType

LISTED = 200  # names of files in one message; the page of the delivery has all


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes
    ----------
    key
        The same for the same event, whenever it is read.
    data
        JSON values that describe it to programs.
    """

    key: str
    type: EventType
    at: datetime
    data: dict[str, Any]


def events_since(moment: datetime) -> Iterator[Event]:
    """Yield the events at `moment` or later, in any order."""
    for change in ContextChange.objects.filter(started_at__gte=moment):
        yield _context_event(change)
    for submission in Submission.objects.filter(status__in=ADOPTED, ended_at__gte=moment):
        if submission.ended_at is not None:
            yield _delivery_event(submission, submission.ended_at)
    for search in Transition.objects.filter(ended_at__gte=moment).exclude(status__in=ALIVE):
        if search.ended_at is not None:
            yield _reprocessing_event(search, search.ended_at)


def _context_event(change: ContextChange) -> Event:
    before = (
        ContextChange.objects.filter(
            pointer=change.pointer,
            calibration_version=change.calibration_version,
            started_at__lt=change.started_at,
        )
        .order_by("-started_at", "-pk")
        .first()
    )
    data = {
        "pointer": change.pointer,
        "context": change.context,
        "previous": before.context if before else None,
        "calibration_version": change.calibration_version or None,
        "reason": change.reason,
        "changes": absolute(changes_page(before.context, change.context)) if before else None,
    }
    return Event(f"context-{change.pk}", EventType.CONTEXT, change.started_at, data)


def _delivery_event(submission: Submission, at: datetime) -> Event:
    names = submission.files.exclude(official_name="").values_list("official_name", flat=True)
    data = {
        "instrument": submission.instrument or None,
        "context": submission.new_context or None,
        "delivery": submission.delivery or None,
        "description": submission.description,
        "files": list(names[:LISTED]),
        "file_count": names.count(),
        "address": absolute(submission.get_absolute_url()),
    }
    return Event(f"delivery-{submission.pk}", EventType.DELIVERY, at, data)


def _reprocessing_event(search: Transition, at: datetime) -> Event:
    data = {
        "status": search.status,
        "old": search.old,
        "new": search.new,
        "affected_count": search.affected_count,
        "reason": search.reason,
        "address": absolute(search.get_absolute_url()),
    }
    # A search may be repeated; each end is an event.
    key = f"reprocessing-{search.pk}-{at:%Y%m%dT%H%M%S}"
    return Event(key, EventType.REPROCESSING, at, data)
