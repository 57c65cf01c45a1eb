"""What stands around every page: where one can go, and in which colours it is shown."""

from dataclasses import dataclass

from django.http import HttpRequest

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"

# Titles and addresses, in the order of the bar; the contract (website, section 1.9) fixes most of them.
_PLACES = (
    ("Home", "/"),
    ("Best references", "/bestrefs/"),
    ("Explore", "/bestrefs_explore/"),
    ("Browse", "/browse_db/"),
    ("Contexts", "/display_context_history/"),
    ("Compare", "/difference_files/"),
    ("Activity", "/recent_activity/"),
    ("Guide", "/static/users_guide/index.html"),
)
# Pages below a place that its address does not tell.
_BELOW = {
    "/browse_db/": ("/browse/",),
    "/display_context_history/": ("/display_", "/context_", "/reprocessing/"),
    "/difference_files/": ("/difference/",),
    "/upload/": ("/submit/", "/submission_form", "/batch_submit", "/certify/", "/add_ref", "/delete_ref"),
}
# For people who logged in.
_INSIDE = (
    ("Deliver", "/upload/"),
    ("History", "/submission_history/"),
    ("Server Workflow", "/server_workflow/"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go from every page."""

    title: str
    address: str
    is_here: bool


def frame(request: HttpRequest) -> dict[str, object]:
    """Return the places of the bar and the chosen theme, as ``frame``."""
    user = getattr(request, "user", None)
    known = _PLACES + (_INSIDE if user is not None and user.is_authenticated else ())
    places = [Place(title, address, _is_at(request.path, address)) for title, address in known]
    return {"frame": {"places": places, "theme": chosen_theme(request), "themes": THEMES}}


def chosen_theme(request: HttpRequest) -> str:
    """Return the theme that the reader chose, ``auto`` if none: then the system's wish counts."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else "auto"


def _is_at(path: str, address: str) -> bool:
    if path == address:
        return True
    return address != "/" and path.startswith((address, *_BELOW.get(address, ())))
