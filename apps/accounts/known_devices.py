"""Known devices: browsers in which a person has logged in with a password before.

A browser keeps a signed cookie with the key of the person and a random id. It lets nobody in. It only says
that guesses made elsewhere do not count against this browser; see `throttle`.
"""

import secrets

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse

from apps.accounts.models import User

COOKIE = f"{settings.SESSION_COOKIE_NAME}-device"
SALT = "accounts.known_device"
AGE = 180 * 24 * 3600  # seconds


def device_of(request: HttpRequest, user: User | None) -> str:
    """Return the id of the device if it is known for this person, else an empty text."""
    if user is None:
        return ""
    try:
        text = request.get_signed_cookie(COOKIE, "", salt=SALT, max_age=AGE)
    except BadSignature:
        return ""
    owner, _, device = (text or "").partition(":")
    return device if owner == str(user.pk) else ""


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Make the browser a known device of a person who has just given the right password."""
    device = device_of(request, user) or secrets.token_hex(12)
    response.set_signed_cookie(
        COOKIE,
        f"{user.pk}:{device}",
        salt=SALT,
        max_age=AGE,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
