"""The confirmation, by policy, of submissions whose files are provisional."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core.outages import find_outage
from apps.rules.errors import CrdsError
from apps.submissions.mails import notify
from apps.submissions.models import Submission
from apps.submissions.operations.confirm import confirm
from apps.submissions.states import Status

logger = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=20)  # until a sweep does what a killed worker has left


def confirm_provisional(submission: Submission) -> None:
    """Confirm a ready submission that is provisional. If that is impossible, it waits for a person."""
    submission.refresh_from_db()
    if submission.status != Status.READY or not submission.is_provisional:
        return
    user = User.objects.filter(username=submission.user).first()
    try:
        if user is not None:
            confirm(submission, user=user, is_by_policy=True)
            return
        reason = "its account is gone"
    except CrdsError as exc:
        reason = str(exc)
    _leave_to_a_person(submission, reason)


@transaction.atomic
def _leave_to_a_person(submission: Submission, reason: str) -> None:
    """Take the policy from a ready submission, and tell its submitter that it waits to be confirmed."""
    waiting = Submission.objects.filter(pk=submission.pk, status=Status.READY, is_provisional=True)
    if waiting.update(is_provisional=False):
        submission.refresh_from_db()
        notify.ready(submission)
        logger.warning("%s waits for a person: %s", submission, reason)


def confirm_left_provisional() -> int:
    """Confirm the provisional submissions that a killed worker has left ready; return how many there were."""
    since = timezone.now() - PATIENCE
    left = Submission.objects.filter(status=Status.READY, is_provisional=True, ready_at__lt=since)
    for submission in left:
        try:
            confirm_provisional(submission)
        except Exception as exc:
            if find_outage(exc) is not None:
                raise  # The next sweep tries again.
            # The fault is ours. It must not keep the others from being confirmed.
            logger.exception("%s could not be confirmed by policy", submission)
            _leave_to_a_person(submission, "internal error")
    return len(left)
