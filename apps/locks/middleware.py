"""Each action of the holder resets the countdown of the lock."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from apps.core.same_origin import Sender, sender_of
from apps.locks.operations import touch
from apps.locks.sessions import key_of

GetResponse = Callable[[HttpRequest], HttpResponse]


def reset_countdown(get_response: GetResponse) -> GetResponse:
    """Prolong the lock of this session, unless an open tab polls or a page of another site asks."""
    is_background = re.compile("|".join(settings.BACKGROUND_PATHS)).match

    def middleware(request: HttpRequest) -> HttpResponse:
        if sender_of(request) is not Sender.ELSEWHERE and not is_background(request.path_info):
            _touch(request)
        return get_response(request)

    return middleware


def _touch(request: HttpRequest) -> None:
    key = key_of(request)
    # Most sessions hold no lock, and most requests no session: neither costs a query.
    if key != "" and request.user.is_authenticated:
        touch(request.user.get_username(), key=key)
