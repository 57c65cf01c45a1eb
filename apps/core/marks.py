"""Marks that views carry for the site's middleware.

A view without a mark is treated with care: its GET counts as a question, its POST as a change, and both as
actions of a person. `core.same_origin.own_pages_only` marks a view as well: it changes something by GET, too.
"""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def changes_nothing(view: View) -> View:
    """Mark a view whose POST only asks: it is answered during maintenance."""
    return _marked(view, "changes_nothing")


def allowed_in_maintenance(view: View) -> View:
    """Mark a view that changes only who somebody is to this server, or how pages look to them."""
    return _marked(view, "is_allowed_in_maintenance")


def runs_by_itself(view: View) -> View:
    """Mark a view that open pages and programs call by themselves: no action, so it prolongs no lock."""
    return _marked(view, "runs_by_itself")


def reads_raw_body(view: View) -> View:
    """Mark a view that reads its body to the letter, whatever the headers say of it."""
    return _marked(view, "reads_raw_body")


def has_mark(view: Callable[..., Any] | None, mark: str) -> bool:
    """Whether a view, or one that it wraps, carries a mark."""
    return bool(getattr(view, mark, False))


def _marked(view: View, mark: str) -> View:
    setattr(view, mark, True)
    return view
