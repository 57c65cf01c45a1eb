"""Refusals of the site's middleware, in the form that the caller reads."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from apps.core.marks import has_mark


def refusal(
    request: HttpRequest,
    view: Callable[..., Any] | None,
    *,
    title: str,
    text: str,
    status: int,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Return a page with the text, or a line of JSON if programs call this view."""
    # The client reads its next token from the answer to each piece of an upload, refused or not.
    get_token(request)
    if getattr(request, "is_api", False) or (view is not None and has_mark(view, "is_api")):
        return JsonResponse({"error": text}, status=status, headers=headers)
    answer = render(request, "refused.html", {"title": title, "text": text}, status=status)
    for name, value in (headers or {}).items():
        answer[name] = value
    return answer
