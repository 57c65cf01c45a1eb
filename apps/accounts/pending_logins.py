"""The instrument and next page of each pending login by single sign-on, so that every tab keeps its own."""

from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from apps.locks.queries import NONE

KEPT = 50  # logins of one session; more remove the oldest
_PLACE = "pending_logins"

PendingLogin = dict[str, str]


def default_login() -> PendingLogin:
    """Return the login of somebody who chose nothing: no lock, then the home page."""
    return {"instrument": NONE, "next": "/"}


def keep(session: SessionBase, key: str, pending: PendingLogin) -> None:
    """Store a pending login under a key that no other tab has."""
    kept: dict[str, Any] = {**session.get(_PLACE, {}), key: pending}
    session[_PLACE] = dict(list(kept.items())[-KEPT:])


def find(session: SessionBase, key: str) -> PendingLogin:
    """Return the pending login of a key, else `default_login`. It stays stored, as people reload pages."""
    pending: PendingLogin = session.get(_PLACE, {}).get(key) or default_login()
    return pending
