"""Requests of people and of the clock: notice moves of latest, and search for affected datasets."""

from django.db import transaction

from apps.catalog import audit
from apps.catalog.models import Action
from apps.contexts import queries as contexts
from apps.jobs import operations as jobs
from apps.reprocessing.models import Transition
from apps.reprocessing.queries import KIND, HistoryStep, find_move, unhandled_steps
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
    """Queue the search for any two contexts, even for an old step, a move back or a repeated search.

    Raises
    ------
    UnknownContextError
        Raised if one of them is not a known context.
    ConflictError
        Raised if the search is under way.
    """
    # Otherwise all steps after an old one would count as new.
    notice_changes()
    for name in (old, new):
        contexts.get_pmap(name)
    change = find_move(old, new)
    if change is None:
        row, is_new = Transition.objects.get_or_create(change=None, old=old, new=new)
    else:
        row, is_new = Transition.objects.get_or_create(change=change, defaults={"old": old, "new": new})
    if not is_new:
        row.enter(Status.PENDING, reason="", ended_at=None)
        row.chunks.all().delete()
        row.product_pages.all().delete()
    audit.noted(Action.FIND_AFFECTED_DATASETS, user=user, details=f"{old} --> {new}")
    jobs.start(KIND, subject_id=row.pk, user=user, channel=None)
    return row
