"""The instrument and next page of each pending login by single sign-on, so that every tab keeps its own."""

from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from apps.locks.queries import NONE

KEPT = 50  # wishes of one session; more remove the oldest
_PLACE = "login_wishes"

Wish = dict[str, str]


def no_wish() -> Wish:
    """Return the wish of somebody who chose nothing: no lock, and the home page."""
    return {"instrument": NONE, "next": "/"}


def keep(session: SessionBase, key: str, wish: Wish) -> None:
    """Store a wish under a key that no other tab has."""
    kept: dict[str, Any] = {**session.get(_PLACE, {}), key: wish}
    session[_PLACE] = dict(list(kept.items())[-KEPT:])


def find(session: SessionBase, key: str) -> Wish:
    """Return the wish of a key, else `no_wish`. It stays stored, because people reload pages."""
    wish: Wish = session.get(_PLACE, {}).get(key) or no_wish()
    return wish
