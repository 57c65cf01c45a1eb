"""The question whether this process knows the newest definition; whoever serves definitions asks it first."""

from __future__ import annotations

import time
from collections.abc import Callable

PAUSE = 0.1  # seconds between two looks, so that a million answers do not make a million looks


class _Following:
    """The function that looks for a newer definition, and when it looked last."""

    def __init__(self) -> None:
        self.look: Callable[[], None] | None = None
        self.until = 0.0


_following = _Following()


def follow(look: Callable[[], None]) -> None:
    """Have `look` called before a definition is used; it serves a newer one if there is one."""
    _following.look, _following.until = look, 0.0


def look_again() -> None:
    """Look for a newer definition, unless this process did so a moment ago or follows none."""
    if _following.look is None or time.monotonic() < _following.until:
        return
    # First, because looking itself asks for definitions.
    _following.until = time.monotonic() + PAUSE
    _following.look()
