"""Marks that views carry for the site's middleware.

For a view without a mark the careful assumption holds: its GET is a question, its POST is a change, and both
are actions of a person. `core.same_origin.own_pages_only` also marks a view: even its GET is a change.
"""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def changes_nothing(view: View) -> View:
    """Mark a view whose POST only asks a question. It is answered during maintenance."""
    return _marked(view, "changes_nothing")


def allowed_in_maintenance(view: View) -> View:
    """Mark a view that only changes a login or the look of pages. It is answered during maintenance."""
    return _marked(view, "is_allowed_in_maintenance")


def runs_by_itself(view: View) -> View:
    """Mark a view that open pages and programs call by themselves. Such a call does not prolong a lock."""
    return _marked(view, "runs_by_itself")


def reads_raw_body(view: View) -> View:
    """Mark a view that reads its body byte by byte, whatever the headers say about it."""
    return _marked(view, "reads_raw_body")


def takes_files(view: View) -> View:
    """Mark a view that takes files, with limits of its own. Any other view takes short forms only."""
    return _marked(view, "takes_files")


def has_mark(view: Callable[..., Any] | None, mark: str) -> bool:
    """Return whether a view, or one that it wraps, has a mark."""
    return bool(getattr(view, mark, False))


def _marked(view: View, mark: str) -> View:
    setattr(view, mark, True)
    return view
