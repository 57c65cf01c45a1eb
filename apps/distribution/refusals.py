"""Errors of the views that hand out bytes. They are plain text, because programs use these addresses."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from apps.catalog.errors import DamagedFileError
from apps.core.errors import NotFoundError

logger = logging.getLogger(__name__)

PLAIN = "text/plain; charset=utf-8"

View = Callable[..., HttpResponseBase]


def refusals_as_text(view: View) -> View:
    """Answer an error with a status and a line of text that no cache keeps."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFoundError as exc:
            return _refusal(request, exc, 404)
        except DamagedFileError as exc:
            logger.error("refused a download: %s", exc)
            return _refusal(request, exc, 500)

    return wrapper


def _refusal(request: HttpRequest, reason: Exception, status: int) -> HttpResponse:
    text = "" if request.method == "HEAD" else f"{reason}\n"
    return HttpResponse(text, PLAIN, status, headers={"Cache-Control": "no-store"})
