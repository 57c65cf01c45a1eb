"""The origin of a request: a page of this server or of another site."""

from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

View = Callable[..., HttpResponseBase]

REFUSAL = (
    "Only pages of this server may call this address. A program must send a Referer header with the "
    "address of this server, or a token in the Authorization header."
)


class Sender(Enum):
    """The sender of a request."""

    HERE = "a page of this server, the address bar, or a program that names this server"
    ELSEWHERE = "a page of another site"
    UNKNOWN = "a program, or a page of any site that suppressed its Referer"


def sender_of(request: HttpRequest) -> Sender:
    """Return the sender of a request.

    Browsers send ``Sec-Fetch-Site``. Old browsers, and all of them over plain HTTP, send ``Origin`` or
    ``Referer``. The CRDS client sends ``Referer``.
    """
    if getattr(request, "_dont_enforce_csrf_checks", False):
        # The request has a token in a header. A page of another site cannot make a browser send one.
        return Sender.HERE
    if (site := request.headers.get("Sec-Fetch-Site")) is not None:
        return Sender.HERE if site in ("same-origin", "none") else Sender.ELSEWHERE
    named = request.headers.get("Origin") or request.headers.get("Referer")
    if not named:
        return Sender.UNKNOWN
    ours = (f"{request.scheme}://{request.get_host()}", origin(settings.PUBLIC_URL))
    return Sender.HERE if origin(named) in ours else Sender.ELSEWHERE


def origin(address: str) -> str:
    """Return scheme, host and port of an address; empty if it cannot be read."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def own_pages_only(view: View | None = None, *, instead: View | None = None) -> Any:
    """Refuse requests that a browser sends for a page of another site.

    Use it for addresses that change something without a CSRF token, because the CRDS client calls them by
    GET. The mark `changes_by_get` says that the view changes something, whatever the method.

    Parameters
    ----------
    instead
        View that answers a refused request. The default answer is a line of JSON with status 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if sender_of(request) is Sender.HERE:
                return view(request, *args, **kwargs)
            return (instead or _refused)(request)

        guarded.changes_by_get = True  # type: ignore[attr-defined]
        return guarded

    return decorate if view is None else decorate(view)


def _refused(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse({"error": REFUSAL}, status=403)
