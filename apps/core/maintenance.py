"""Maintenance: people and programs can read everything and change nothing (website, section 10)."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from apps.core.marks import has_mark
from apps.core.refusals import refusal

GetResponse = Callable[[HttpRequest], HttpResponse]

RETRY_AFTER = "600"  # seconds; the server does not know when the maintenance ends.
_READING = ("GET", "HEAD", "OPTIONS")


class RefuseChanges:
    """Middleware that answers requests for changes with the text of `settings.MAINTENANCE`."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse a request before its view sees it."""
        if not settings.MAINTENANCE or is_harmless(request, view):
            return None
        return refusal(
            request,
            view,
            title="Nothing was changed",
            text=settings.MAINTENANCE,
            status=503,
            headers={"Retry-After": RETRY_AFTER},
        )


def is_harmless(request: HttpRequest, view: Callable[..., Any]) -> bool:
    """Return whether a request may be answered during maintenance."""
    if has_mark(view, "changes_nothing") or has_mark(view, "is_allowed_in_maintenance"):
        return True
    return request.method in _READING and not has_mark(view, "changes_by_get")
