"""The confirmation, by policy, of submissions whose files are provisional."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone

from apps.accounts.models import User
from apps.rules.errors import CrdsError
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
    logger.warning("%s waits for a person: %s", submission, reason)
    Submission.objects.filter(pk=submission.pk, status=Status.READY).update(is_provisional=False)


def confirm_left_provisional() -> int:
    """Confirm the provisional submissions that a killed worker has left ready; return how many there were."""
    since = timezone.now() - PATIENCE
    left = Submission.objects.filter(status=Status.READY, is_provisional=True, ready_at__lt=since)
    for submission in left:
        confirm_provisional(submission)
    return len(left)
