"""The way of a delivery from form to pipeline, and where everything stands now (website, section 7.16)."""

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

_MOVES = 5  # of latest that are shown
_SHOWN = 20  # rows of each list; the page leads to the whole


@dataclass(frozen=True, slots=True)
class Echo:
    """What one pipeline last told of its context.

    Attributes
    ----------
    told_at
        Aware UTC; None if it never told anything.
    is_latest
        It works with the latest context.
    """

    name: str
    context: str
    told_at: datetime | None
    is_latest: bool

    @property
    def look(self) -> str:
        """Colour of its badge."""
        return "good" if self.is_latest else "warn" if self.context else "plain"

    @property
    def word(self) -> str:
        """How it stands."""
        return "has latest" if self.is_latest else "has another one" if self.context else "silent"


@dataclass(frozen=True, slots=True)
class Workflow:
    """Where everything stands.

    Attributes
    ----------
    edit, latest, build
        The last move of each pointer; None before the first.
    alive
        Submissions that somebody is to decide about, or a worker works on, newest first.
    pending
        Deliveries that the archive has not stored, oldest first.
    pending_count
        How many these are in all.
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
        """Whether there is something that latest has not."""
        return bool(self.edit and (self.latest is None or self.edit.context != self.latest.context))


def workflow() -> Workflow:
    """Return where everything stands now."""
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
