"""The wishes of logins under way: each tab that goes to single sign-on returns to its own."""

from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from apps.locks.queries import NONE

KEPT = 50  # wishes of one session; the oldest go first
_PLACE = "login_wishes"

Wish = dict[str, str]


def no_wish() -> Wish:
    """Return what somebody wants who said nothing: no lock, and the home page."""
    return {"instrument": NONE, "next": "/"}


def keep(session: SessionBase, key: str, wish: Wish) -> None:
    """Keep a wish under a key that no other tab has."""
    kept: dict[str, Any] = {**session.get(_PLACE, {}), key: wish}
    session[_PLACE] = dict(list(kept.items())[-KEPT:])


def find(session: SessionBase, key: str) -> Wish:
    """Return the wish of a key, `no_wish` if there is none; it stays, because people reload pages."""
    wish: Wish = session.get(_PLACE, {}).get(key) or no_wish()
    return wish
