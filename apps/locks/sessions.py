"""The key and the instrument of its lock, as a session keeps them."""

from django.conf import settings
from django.http import HttpRequest

from apps.core.access import Actor
from apps.core.errors import DeniedError
from apps.locks.models import Lock
from apps.locks.operations import acquire
from apps.locks.queries import require_instrument

_KEY = "lock_key"
_INSTRUMENT = "lock_instrument"


def has_session(request: HttpRequest) -> bool:
    """Return whether the caller sent the cookie of a session.

    A look into the session itself would mark the answer as one for this caller only. Then no cache between
    us and the caller could keep it, but downloads and answers of JSON-RPC are the same for everybody.
    """
    return settings.SESSION_COOKIE_NAME in request.COOKIES


def key_of(request: HttpRequest) -> str | None:
    """Return the key of the lock that this session took.

    Returns
    -------
    key
        Empty, which matches no lock, if the session took none or gave it back. None if the request carries a
        token and has no session; then only the person counts.
    """
    if getattr(request, "token", None) is not None:
        return None
    if not has_session(request):
        return ""
    return str(request.session.get(_KEY, ""))


def instrument_of(request: HttpRequest) -> str:
    """Return the instrument that this session locked last, even if it lost the lock since; empty if none."""
    if not has_session(request):
        return ""
    return str(request.session.get(_INSTRUMENT, ""))


def take(request: HttpRequest, actor: Actor, instrument: str) -> Lock:
    """Lock an instrument for this session; release the lock of any other instrument that the person held.

    Raises
    ------
    NoSuchInstrumentError
        Raised if the observatory has no such instrument.
    DeniedError
        Raised if the person may not deliver for the instrument.
    LockedError
        Raised if somebody else holds the lock.
    """
    name = require_instrument(instrument)
    if not actor.may_lock(name):
        raise DeniedError(f"{actor.get_username()} does not have the role submitter for {name}.")
    key = key_of(request)
    lock = acquire(instrument=name, user=actor.get_username(), key=key)
    # A request with a token of its own has no session that could keep the lock.
    if key is not None:
        keep(request, lock)
    return lock


def keep(request: HttpRequest, lock: Lock | None) -> None:
    """Store in the session which lock it took, or that it has none."""
    if lock is not None:
        request.session[_KEY] = str(lock.key)
        request.session[_INSTRUMENT] = lock.instrument
    else:
        request.session.pop(_KEY, None)
        request.session.pop(_INSTRUMENT, None)
