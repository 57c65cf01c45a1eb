"""The lock that the session of a deliverer holds or has lost (website, section 2.4)."""

from django.http import HttpRequest

from apps.accounts.models import User
from apps.locks import sessions
from apps.locks.errors import NoLockError
from apps.locks.queries import find_held, find_lock, instruments, require_lock


def proposed(request: HttpRequest, actor: User) -> str:
    """Return the instrument that the person holds the lock of, or else the one that this session held."""
    lock = find_lock(user=actor.get_username())
    return lock.instrument if lock else sessions.instrument_of(request)


def lockable(actor: User) -> list[str]:
    """Return the instruments that a person may lock without another login."""
    return [name for name in instruments() if actor.may_lock(name)]


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
