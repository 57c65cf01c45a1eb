"""Answers to scripts that are held until the checks of a submission are over (website, section 7.5)."""

import threading
import time

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from apps.submissions.models import Submission
from apps.submissions.states import Status

_POLL_SECONDS = 0.5
# Each answer that is held occupies a thread. Meanwhile the client polls the progress through other threads.
_places = threading.BoundedSemaphore(4)


def is_browser(request: HttpRequest) -> bool:
    """Return whether a person sent the request with a browser, and waits for the result there."""
    return "Mozilla" in request.headers.get("User-Agent", "")


def hold(request: HttpRequest, submission: Submission) -> None:
    """Wait until a submission is checked, but at most ``SUBMIT_HOLD_SECONDS``.

    Only scripts wait, and only if a place is free. A browser gets the page with the progress at once.
    """
    if is_browser(request) or not settings.SUBMIT_HOLD_SECONDS:
        return
    if not _places.acquire(blocking=False):
        return
    try:
        _wait(submission, time.monotonic() + settings.SUBMIT_HOLD_SECONDS)
    finally:
        _places.release()


def _wait(submission: Submission, end: float) -> None:
    while time.monotonic() < end and is_checking(submission):
        # Others need the database connection meanwhile. Inside a transaction it cannot be closed.
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(_POLL_SECONDS)


def is_checking(submission: Submission) -> bool:
    """Return whether the checks of a submission are not over yet."""
    waiting = (Status.STARTED, Status.PROCESSING)
    return Submission.objects.filter(pk=submission.pk, status__in=waiting).exists()
