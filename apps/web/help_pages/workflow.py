"""The state of everything on the way from submission to pipeline (website, section 7.16)."""

from dataclasses import dataclass
from datetime import datetime

from apps.catalog.models import Delivery
from apps.catalog.states import DeliveryStatus
from apps.contexts import queries as contexts
from apps.contexts.models import ContextChange, Pointer, RemotePipeline
from apps.locks.models import Lock
from apps.locks.queries import all_locks
from apps.reprocessing.models import Transition
from apps.reprocessing.queries import transitions
from apps.submissions.models import Submission
from apps.submissions.states import ALIVE

_MOVES = 5  # last moves of latest that are shown
_SHOWN = 20  # rows of each list; the page links to the whole list


@dataclass(frozen=True, slots=True)
class Echo:
    """The context that a pipeline last reported.

    Attributes
    ----------
    reported_at
        Aware UTC; None if it never reported one.
    is_latest
        Whether the reported context is latest.
    """

    name: str
    context: str
    reported_at: datetime | None
    is_latest: bool

    @property
    def look(self) -> str:
        """The colour of the badge."""
        return "good" if self.is_latest else "warn" if self.context else "plain"

    @property
    def word(self) -> str:
        """The word of the badge."""
        return "has latest" if self.is_latest else "has another one" if self.context else "silent"


@dataclass(frozen=True, slots=True)
class Workflow:
    """The state of submissions, deliveries, contexts and pipelines.

    Attributes
    ----------
    edit, latest, build
        The last move of each pointer; None before the first.
    alive
        Submissions that wait for a decision or that a worker processes, newest first.
    pending
        Deliveries that the archive has not stored, oldest first.
    pending_count
        Number of all such deliveries, shown or not.
    repro
        The searches for the datasets that the last moves of latest affect, newest first.
    """

    edit: ContextChange | None
    latest: ContextChange | None
    build: ContextChange | None
    alive: list[Submission]
    pending: list[Delivery]
    pending_count: int
    locks: list[Lock]
    echoes: list[Echo]
    repro: list[Transition]

    @property
    def is_edit_ahead(self) -> bool:
        """Return whether the edit context differs from the latest one."""
        return bool(self.edit and (self.latest is None or self.edit.context != self.latest.context))


def workflow() -> Workflow:
    """Return the present state of everything."""
    latest = contexts.find_change(Pointer.LATEST)
    pending = Delivery.objects.exclude(status=DeliveryStatus.ARCHIVED).order_by("number")
    return Workflow(
        edit=contexts.find_change(Pointer.EDIT),
        latest=latest,
        build=contexts.find_change(Pointer.BUILD),
        alive=list(Submission.objects.filter(status__in=ALIVE).order_by("-pk")[:_SHOWN]),
        pending=list(pending[:_SHOWN]),
        pending_count=pending.count(),
        locks=[lock for lock in all_locks() if not lock.is_expired],
        echoes=[_echo(pipeline, latest) for pipeline in contexts.pipelines()],
        repro=list(transitions()[:_MOVES]),
    )


def _echo(pipeline: RemotePipeline, latest: ContextChange | None) -> Echo:
    is_latest = latest is not None and pipeline.context == latest.context
    return Echo(pipeline.name, pipeline.context, pipeline.pushed_at, is_latest)
