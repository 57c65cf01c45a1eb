"""Requests for the impact of new rules: by a person, or by the clock for each ready submission."""

from typing import Any

from django.db import transaction

from apps.catalog import audit
from apps.catalog.models import Action
from apps.contexts import queries as contexts
from apps.core.errors import ConflictError
from apps.jobs import operations as jobs
from apps.reprocessing.models import RulesImpact
from apps.reprocessing.states import Status
from apps.submissions.models import Submission
from apps.web.impact_pages.queries import KIND, unasked


def ask_about_submission(submission: Submission, *, user: str = "") -> RulesImpact:
    """Queue the impact of the rules of a submission.

    Raises
    ------
    ConflictError
        Raised if it is being worked out.
    """
    return _ask({"submission": submission.key}, {"old": submission.base}, user)


def ask_about_contexts(old: str, new: str, *, user: str) -> RulesImpact:
    """Queue the impact of a move from one context to another.

    Raises
    ------
    UnknownContextError
        Raised if one of them is not a known context.
    ConflictError
        Raised if it is being worked out.
    """
    for name in (old, new):
        contexts.get_pmap(name)
    return _ask({"submission": None, "old": old, "new": new}, {}, user)


@transaction.atomic
def _ask(named: dict[str, Any], facts: dict[str, Any], user: str) -> RulesImpact:
    row, is_new = RulesImpact.objects.get_or_create(**named, defaults=facts)
    if not is_new:
        row.enter(Status.PENDING, reason="", ended_at=None, **facts)
    if user:
        audit.noted(Action.FIND_AFFECTED_DATASETS, user=user, details=str(row))
    jobs.start(KIND, subject_id=row.pk, user=user, channel=None)
    return row


def ask_about_ready_submissions() -> int:
    """Queue the impact of each ready submission that has none, and return their number."""
    return sum(_is_asked(submission) for submission in unasked())


def _is_asked(submission: Submission) -> bool:
    try:
        ask_about_submission(submission)
    except ConflictError:  # Somebody was faster.
        return False
    return True
