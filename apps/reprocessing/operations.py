"""Requests of people and of the clock: notice moves of latest, and search for affected datasets."""

from django.db import transaction

from apps.catalog import audit
from apps.catalog.models import Action
from apps.jobs import operations as jobs
from apps.reprocessing.models import Transition
from apps.reprocessing.queries import KIND, HistoryStep, find_step, unhandled_steps
from apps.reprocessing.states import Status


def notice_changes() -> int:
    """Queue a search for each new move of latest, and record moves back as skipped. Return their number."""
    return sum(_notice(step) for step in unhandled_steps())


@transaction.atomic
def _notice(step: HistoryStep) -> bool:
    status = Status.SKIPPED if step.is_backward else Status.PENDING
    facts = {"old": step.old, "new": step.new, "status": status}
    row, is_new = Transition.objects.get_or_create(change=step.change, defaults=facts)
    if is_new and status == Status.PENDING:
        jobs.start(KIND, subject_id=row.pk, user="", channel=None)
    return is_new


@transaction.atomic
def search(old: str, new: str, *, user: str) -> Transition:
    """Queue the search for any step of the history, even for an old one, a move back or a repeated search.

    Raises
    ------
    UnknownTransitionError
        Raised if the history has no such step.
    ConflictError
        Raised if the search is under way.
    """
    # Otherwise all steps after an old one would count as new.
    notice_changes()
    step = find_step(old, new)
    row, is_new = Transition.objects.get_or_create(change=step.change, defaults={"old": old, "new": new})
    if not is_new:
        row.enter(Status.PENDING, reason="", ended_at=None)
        row.chunks.all().delete()
    audit.noted(Action.FIND_AFFECTED_DATASETS, user=user, details=f"{old} --> {new}")
    jobs.start(KIND, subject_id=row.pk, user=user, channel=None)
    return row
