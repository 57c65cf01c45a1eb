"""The home page, the pages of health, and the answers to requests that fail."""

import logging
import sys

from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core import incidents, readiness
from apps.core.access import find_actor
from apps.core.marks import runs_by_itself
from apps.core.outages import find_outage, outage_page
from apps.core.refusals import refusal, refuse
from apps.rules.errors import CrdsError
from apps.web import health as checks
from apps.web import queries
from apps.web.home_links import nearest_services, services

logger = logging.getLogger(__name__)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    page = {"page": queries.home(), "services": services(find_actor(request))}
    return render(request, "web/home.html", page)


@runs_by_itself
@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """Say that the process lives, and nothing about its parts: a restart cures none of them."""
    return JsonResponse({"live": True})


@runs_by_itself
@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Show the state of every part; the status is 503 unless all that the server needs is ready."""
    found, seen = readiness.parts(), checks.run()
    failing = [part.name for part in found if not part.is_ok]
    failing += [
        check.name for check in seen if check.is_vital and not check.is_ok and check.name not in failing
    ]
    answer = {
        "ready": not failing,
        "failing": failing,
        "parts": [part.as_dict() for part in found],
        "checks": [check.as_dict() for check in seen],
    }
    return JsonResponse(answer, status=503 if failing else 200)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say why a request is refused: status 413 if it is too large, 400 otherwise. Django has logged it."""
    is_too_large = isinstance(exception, RequestDataTooBig)
    text = "The request is too large." if is_too_large else _public_text(exception)
    title = "The request could not be read"
    return refusal(request, None, title=title, text=text, status=413 if is_too_large else 400)


def _public_text(exception: Exception) -> str:
    """Return the text of an exception if it is meant for people; other texts may expose internals."""
    is_safe = isinstance(exception, BadRequest | MultiPartParserError)
    return str(exception) if is_safe else "The request is malformed."


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    known = isinstance(exception, CrdsError)
    return refuse(
        request,
        exception if known else f"There is nothing at {request.path[:200]}.",
        status=404,
        code=getattr(exception, "code", "") if known else "not_found",
        page=lambda: _not_found_page(request),
    )


def _not_found_page(request: HttpRequest) -> HttpResponse:
    word = request.path.rstrip("/").rpartition("/")[2]
    page = {"path": request.path, "word": word, "near": nearest_services(request.path, find_actor(request))}
    return render(request, "web/not_found.html", page, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    if outage := find_outage(sys.exc_info()[1]):  # Of middleware; those of views are answered earlier.
        return outage_page(request, outage)
    incident = incidents.current()
    logger.error("answered %s with an internal error, incident %s", request.path, incident)
    return refuse(
        request,
        f"Internal error, incident {incident}. Tell the operators this number.",
        status=500,
        code="internal",
        page=lambda: render(request, "web/server_error.html", {"incident": incident}, status=500),
    )
