"""The frame of every page: the navigation bar and the theme."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from apps.core.access import Role

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"

# Titles and views, in the order of the bar. Website, section 1.9, fixes most of them.
_PLACES = (
    ("Home", "web:home"),
    ("Best references", "bestrefs:ask"),
    ("Explore", "bestrefs:explore"),
    ("Browse", "web:browse_db"),
    ("Contexts", "web:context_history"),
    ("Compare", "web:difference_files"),
    ("Activity", "web:activity"),
    ("Guide", "web:users_guide"),
)
# For people who logged in.
_INSIDE = (
    ("Deliver", "submissions:area"),
    ("History", "submissions:history"),
    ("Server Workflow", "web:server_workflow"),
)
_OPERATING = ("Operate", "console:overview")
# The beginnings of addresses below a place that do not begin with the address of the place.
_BELOW = {
    "web:browse_db": ("browse/",),
    "web:context_history": ("display_", "context_", "reprocessing/", "changes/"),
    "web:difference_files": ("difference/",),
    "submissions:area": ("submit/", "submission_form", "batch_submit", "certify/", "add_ref", "delete_ref"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation bar."""

    title: str
    address: str
    is_here: bool


def frame(request: HttpRequest) -> dict[str, object]:
    """Return the places of the bar and the chosen theme, as ``frame`` for templates."""
    user = getattr(request, "user", None)
    known = _PLACES + (_INSIDE if user is not None and user.is_authenticated else ())
    if known is not _PLACES and user is not None and user.has_role(Role.OPERATOR):
        known = (*known, _OPERATING)
    places = [_place(title, view, request.path) for title, view in known]
    return {"frame": {"places": places, "theme": chosen_theme(request), "themes": THEMES}}


def chosen_theme(request: HttpRequest) -> str:
    """Return the theme that the reader chose, or ``auto``, which follows the reader's system."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else "auto"


def _place(title: str, view: str, path: str) -> Place:
    address, home = reverse(view), reverse("web:home")
    begins = [address, *(f"{home}{beginning}" for beginning in _BELOW.get(view, ()))]
    return Place(title, address, path == address or (address != home and path.startswith(tuple(begins))))
