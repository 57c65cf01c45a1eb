"""The key and the instrument of its lock, as a session keeps them."""

from django.conf import settings
from django.http import HttpRequest

from apps.locks.models import Lock

_KEY = "lock_key"
_INSTRUMENT = "lock_instrument"


def has_session(request: HttpRequest) -> bool:
    """Whether the caller sent the cookie of a session.

    To look into the session itself marks the answer as one for this caller only; downloads and JSON-RPC must
    stay the same for all, or no cache in between may keep them.
    """
    return settings.SESSION_COOKIE_NAME in request.COOKIES


def key_of(request: HttpRequest) -> str | None:
    """Return the key of the lock that this session took.

    Returns
    -------
    key
        Empty if the session took none, or gave it back: it fits no lock. None if there is no session because
        the request carries a token of its own; then the person alone counts.
    """
    if getattr(request, "token", None) is not None:
        return None
    if not has_session(request):
        return ""
    return str(request.session.get(_KEY, ""))


def instrument_of(request: HttpRequest) -> str:
    """Return the instrument that this session locked last, empty if it locked none.

    The session may have lost the lock since.
    """
    if not has_session(request):
        return ""
    return str(request.session.get(_INSTRUMENT, ""))


def keep(request: HttpRequest, lock: Lock | None) -> None:
    """Note the lock that this session took, or that it has none."""
    if lock is not None:
        request.session[_KEY] = str(lock.key)
        request.session[_INSTRUMENT] = lock.instrument
    else:
        request.session.pop(_KEY, None)
        request.session.pop(_INSTRUMENT, None)
