"""The person who looks at a page, as every template needs it."""

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
    """Return the person's name, the lock of this session and the login address, as ``account``."""
    try:
        found = _account(request)
    except DatabaseError:
        # The page that reports a broken database must still be shown.
        found = _NOBODY
    return {"account": found | {"login": _login(request, found["lock"])}}


def _login(request: HttpRequest, lock: Lock | None) -> str:
    """Return the address of the login page, which leads back here unless this page answers a form."""
    here = request.get_full_path()
    is_page = request.method in {"GET", "HEAD"} and request.path_info.strip("/") != "login"
    # The login form does not accept a longer address.
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
