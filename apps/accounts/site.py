"""What every page says about the person who looks at it."""

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest

from apps.locks.queries import find_held
from apps.locks.sessions import key_of

_NOBODY: dict[str, Any] = {"user": "", "lock": None}


def account(request: HttpRequest) -> dict[str, Any]:
    """Return the name of the person and the lock of this session, as ``account``."""
    try:
        return {"account": _account(request)}
    except DatabaseError:
        # The page that says so must still be shown when the database is what is broken.
        return {"account": _NOBODY}


def _account(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return _NOBODY
    name = user.get_username()
    key = key_of(request)
    lock = find_held(name, key=key) if key != "" else None
    seconds = int(lock.time_left.total_seconds()) if lock else 0
    return {"user": name, "lock": lock, "seconds": seconds}
