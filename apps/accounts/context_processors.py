"""What every page says about the person who looks at it."""

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest

from apps.accounts.forms import LONGEST_ADDRESS
from apps.core.access import login_address
from apps.locks.models import Lock
from apps.locks.queries import find_held
from apps.locks.sessions import key_of

_NOBODY: dict[str, Any] = {"user": "", "lock": None}


def account(request: HttpRequest) -> dict[str, Any]:
    """Return the name of the person, the lock of this session and where to log in, as ``account``."""
    try:
        told = _account(request)
    except DatabaseError:
        # The page that says so must still be shown when the database is what is broken.
        told = _NOBODY
    return {"account": told | {"login": _login(request, told["lock"])}}


def _login(request: HttpRequest, lock: Lock | None) -> str:
    """Return the address of the login page that leads back here, unless a form led here."""
    here = request.get_full_path()
    is_page = request.method in {"GET", "HEAD"} and request.path_info.strip("/") != "login"
    # The form of the login takes no longer address.
    leads_back = is_page and len(here) <= LONGEST_ADDRESS
    return login_address(next=here if leads_back else "/", instrument=lock.instrument if lock else "")


def _account(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return _NOBODY
    name = user.get_username()
    key = key_of(request)
    lock = find_held(name, key=key) if key != "" else None
    seconds = int(lock.time_left.total_seconds()) if lock else 0
    return {"user": name, "lock": lock, "seconds": seconds}
