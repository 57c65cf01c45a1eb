"""The lock that the session of a deliverer holds, takes, or has lost (website, section 2.4)."""

from django.http import HttpRequest

from apps.accounts.models import User
from apps.core.access import login_address
from apps.core.errors import DeniedError
from apps.locks import operations as locks
from apps.locks import sessions
from apps.locks.errors import NoLockError
from apps.locks.queries import find_held, find_lock, require_lock


def take(request: HttpRequest, actor: User, instrument: str) -> None:
    """Lock an instrument for this session; release the lock of any other instrument that the person held.

    Raises
    ------
    DeniedError
        Raised if the person may not deliver for the instrument.
    LockedError
        Raised if somebody else holds the lock.
    """
    if not actor.may_lock(instrument):
        raise DeniedError(f"{actor} does not have the role submitter for {instrument}.")
    key = sessions.key_of(request)
    lock = locks.acquire(instrument=instrument, user=actor.get_username(), key=key)
    # A request with a token of its own has no session that could keep the lock.
    if key is not None:
        sessions.keep(request, lock)


def login_again(request: HttpRequest, actor: User) -> str:
    """Return the address of the login page, which leads back here and proposes an instrument to lock.

    That is the instrument that the person holds the lock of, or else the one that this session held.
    """
    lock = find_lock(user=actor.get_username())
    instrument = lock.instrument if lock else sessions.instrument_of(request)
    return login_address(next=request.path, instrument=instrument)


def notice(request: HttpRequest, actor: User) -> str:
    """Return the reason why this session cannot submit now; empty if it holds a lock."""
    name, key = actor.get_username(), sessions.key_of(request)
    if find_held(name, key=key):
        return ""
    lock = find_lock(user=name)
    if lock is None and key:
        return "This session no longer holds a lock: it was released or broken, or it expired."
    if lock is None:
        return "You do not hold a lock."
    try:
        require_lock(lock.instrument, user=name, key=key)
    except NoLockError as exc:
        return str(exc)
    return ""
