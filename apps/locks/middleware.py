"""Middleware that resets the countdown of a lock at each action of its holder."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from apps.core.marks import has_mark
from apps.core.outages import find_outage
from apps.core.same_origin import Sender, sender_of
from apps.locks.operations import touch
from apps.locks.sessions import key_of

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class ResetCountdown:
    """Prolongs the lock of this session, except for polls of an open tab and requests from other sites."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """Prolong the lock before the view runs, which may show it."""
        if not has_mark(view, "runs_by_itself") and sender_of(request) is not Sender.ELSEWHERE:
            _touch(request)


def _touch(request: HttpRequest) -> None:
    key = key_of(request)
    # Most sessions hold no lock, and most requests have no session. Neither costs a query.
    if key == "" or not request.user.is_authenticated:
        return
    try:
        touch(request.user.get_username(), key=key)
    except OperationalError as exc:
        # A page that only shows something must not fail because the disk is full or the row is held.
        if find_outage(exc) is None:
            raise
        logger.warning("the lock of %s was not prolonged: %s", request.user.get_username(), exc)
