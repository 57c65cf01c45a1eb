"""The views that hand out bytes. Errors are plain text, because programs use these addresses."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from apps.catalog.errors import DamagedFileError
from apps.core.errors import NotFoundError
from apps.core.marks import runs_by_itself
from apps.distribution import queries, serving
from apps.distribution.server_info import folder_url

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


@runs_by_itself
@require_safe
@refusals_as_text
def download(
    request: HttpRequest, name: str, folder: str | None = None, observatory: str | None = None
) -> HttpResponseBase:
    return serving.serve(request, queries.downloadable(name, folder=folder, observatory=observatory))


@runs_by_itself
@require_safe
@refusals_as_text
def config(request: HttpRequest, observatory: str, name: str) -> HttpResponseBase:
    make = {"server_config": queries.server_config, "bad_files.txt": queries.bad_files}.get(name)
    if make is None or observatory != settings.OBSERVATORY:
        raise NotFoundError(f"No configuration {name[:128]!r} of {observatory[:32]!r} is published here.")
    return HttpResponse(make(), PLAIN, headers={"Cache-Control": "no-cache"})


@runs_by_itself
@require_safe
@refusals_as_text
def no_pickle(request: HttpRequest) -> HttpResponseBase:
    raise NotFoundError("This server publishes no pickled contexts; clients load the rules themselves.")


@runs_by_itself
@require_safe
@refusals_as_text
def nothing_here(request: HttpRequest, **where: str) -> HttpResponseBase:
    raise NotFoundError(
        "Nothing is published at this address; files are at "
        f"{folder_url('mappings')}<name> and {folder_url('references')}<name>."
    )
