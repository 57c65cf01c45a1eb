"""Middleware that resets the countdown of a lock at each action of its holder."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from apps.core.marks import has_mark
from apps.core.same_origin import Sender, sender_of
from apps.locks.operations import touch
from apps.locks.sessions import key_of

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
    if key != "" and request.user.is_authenticated:
        touch(request.user.get_username(), key=key)
