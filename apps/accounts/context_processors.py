"""The person who looks at a page, as every template needs it."""

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest

from apps.accounts.forms import LONGEST_ADDRESS
from apps.core.access import login_address
from apps.locks.queries import find_held
from apps.locks.sessions import instrument_of, key_of

_NOBODY: dict[str, Any] = {"user": "", "lock": None, "lost": ""}


def account(request: HttpRequest) -> dict[str, Any]:
    """Return the person's name, the lock of this session and the login address, as ``account``.

    ``lost`` is the instrument of a lock that this session had and no longer has; the page offers it again.
    """
    try:
        found = _account(request)
    except DatabaseError:
        # The page that reports a broken database must still be shown.
        found = _NOBODY
    here, lock = _here(request), found["lock"]
    login = login_address(next=here, instrument=lock.instrument if lock else "")
    return {"account": found | {"here": here, "login": login}}


def _here(request: HttpRequest) -> str:
    """Return the address that leads back to this page, or home if this page answers a form."""
    here = request.get_full_path()
    is_page = request.method in {"GET", "HEAD"} and request.path_info.strip("/") != "login"
    # The login form does not accept a longer address.
    return here if is_page and len(here) <= LONGEST_ADDRESS else "/"


def _account(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return _NOBODY
    name = user.get_username()
    key = key_of(request)
    lock = find_held(name, key=key) if key != "" else None
    seconds = int(lock.time_left.total_seconds()) if lock else 0
    instrument = instrument_of(request)
    lost = instrument if lock is None and instrument and user.may_lock(instrument) else ""
    return {"user": name, "lock": lock, "seconds": seconds, "lost": lost}
