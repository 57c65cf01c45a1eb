"""Views of the ingest area, for the scripted client and for the panel of our own pages."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.core import incidents
from apps.core.access import Role, with_role
from apps.core.addresses import below_base, is_local
from apps.core.errors import DeniedError
from apps.core.marks import takes_files
from apps.core.same_origin import own_pages_only
from apps.rules.errors import CrdsError
from apps.submissions.errors import (
    BrokenUploadError,
    NoSpaceError,
    QuotaError,
    UploadGapError,
    UploadNameError,
    UploadRangeError,
)
from apps.submissions.models import IngestFile
from apps.submissions.pages.start_page import start_page
from apps.submissions.uploads import ingest_area
from apps.submissions.uploads.handler import Arrival, UploadHandler, parse_range
from apps.submissions.uploads.receiving import receive

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]

STATUS: dict[type[CrdsError], int] = {
    UploadNameError: 400,
    UploadRangeError: 400,
    BrokenUploadError: 400,
    UploadGapError: 409,
    QuotaError: 413,
    NoSpaceError: 507,
}


def sets_token(view: View) -> View:
    """Send the cookie with every answer: the client takes its next token from the answer to a piece."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        get_token(request)
        return view(request, *args, **kwargs)

    return wrapper


# The token of the form is in the body, and upload handlers cannot be changed once the body is read. So these
# views skip the check of the site's middleware, and the inner view makes it.
@takes_files
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sets_token
@own_pages_only
@with_role(Role.SUBMITTER, is_api=True)
def chunked(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    if request.method != "POST":
        name = request.GET.get("name", "")
        ingest_area.finish_received(actor.pk)
        return JsonResponse({"name": name, "received": ingest_area.received(actor.pk, name)})
    try:
        piece = parse_range(request.headers.get("Content-Range"))
    except UploadRangeError as exc:
        return JsonResponse({"files": [], "error": str(exc)}, status=400)
    return receive(request, actor, UploadHandler(request, owner_id=actor.pk, piece=piece), _as_json)


@takes_files
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sets_token
@with_role(Role.SUBMITTER)
def area(request: HttpRequest, *, actor: User) -> HttpResponseBase:
    if request.method != "POST":
        return _start_page(request, actor)
    handler = UploadHandler(request, owner_id=actor.pk, piece=None)
    return receive(request, actor, handler, _as_page)


def _as_json(request: HttpRequest, actor: User, arrivals: list[Arrival]) -> HttpResponse:
    if not arrivals:
        return JsonResponse({"files": [], "error": "The form has no file in its field 'files'."}, status=400)
    failed = [STATUS.get(type(arrival.error), 400) for arrival in arrivals if arrival.error]
    items = [_item(actor, arrival) for arrival in arrivals]
    return JsonResponse({"files": items}, status=max(failed, default=200))


def _item(actor: User, arrival: Arrival) -> dict[str, Any]:
    if arrival.error is not None:
        item: dict[str, Any] = {"name": arrival.name[:256], "error": _error_text(arrival.error, arrival.name)}
        if isinstance(arrival.error, UploadGapError):
            item["expected"] = arrival.error.expected
        return item
    if arrival.row is not None:
        return listed(arrival.row)
    received = max(arrival.existing, arrival.start + arrival.length)
    return {"name": arrival.name, "size": received, "deleteUrl": _address(actor.pk, arrival.name)}


def _error_text(error: CrdsError, name: str) -> str:
    """Return the text of an error. A full disk is our fault: the text and the log have its incident."""
    if not isinstance(error, NoSpaceError):
        return str(error)
    incident = incidents.current()
    logger.error("no room for the upload of %r, incident %s: %s", name, incident, error)
    return f"{error} Incident {incident}."


def _as_page(request: HttpRequest, actor: User, arrivals: list[Arrival]) -> HttpResponse:
    error = error_of(arrivals) if arrivals else "Choose a file first."
    return _start_page(request, actor, error) if error else _back(request)


def error_of(arrivals: list[Arrival]) -> str:
    """Return the errors of all files of a form as one text; empty if all were stored."""
    return "; ".join(_error_text(arrival.error, arrival.name) for arrival in arrivals if arrival.error)


def _start_page(request: HttpRequest, actor: User, error: str = "") -> HttpResponse:
    page = start_page(actor)
    shown = {"panel": panel(request, actor), "page": page, "error_message": error}
    return render(request, "submissions/upload.html", shown)


def listed(row: IngestFile) -> dict[str, Any]:
    """Return a file as the listing shows it; its ``deleteUrl`` works by GET."""
    return {
        "name": row.name,
        "size": row.size,
        "sha1sum": row.sha1sum,
        "url": f"{below_base(reverse('submissions:area'))}#{quote(row.name)}",
        "deleteUrl": _address(row.owner_id, row.name),
        "deleteType": "GET",
    }


def _address(owner_id: int, name: str) -> str:
    """Return the address that deletes a file, complete or not; the client appends it to its base address."""
    token = ingest_area.delete_token(owner_id, name)
    return below_base(reverse("submissions:delete", args=[token, name]))


def panel(request: HttpRequest, actor: User, *, address: str = "", form: str = "") -> dict[str, Any]:
    """Return the values for ``submissions/_upload_panel.html``.

    Parameters
    ----------
    address
        The page that shows the panel; by default that of the request.
    form
        The id of the form on the page that also takes files, where there is one.
    """
    ingest_area.finish_received(actor.pk)
    return {
        "files": [listed(row) for row in ingest_area.files_of(actor.pk)],
        "next": address or request.path,
        "form": form,
        "base": reverse("web:home").rstrip("/"),
    }


@require_safe
@never_cache
@with_role(Role.SUBMITTER, is_api=True)
def listing(request: HttpRequest, *, actor: User) -> HttpResponse:
    ingest_area.finish_received(actor.pk)
    return JsonResponse({"files": [listed(row) for row in ingest_area.files_of(actor.pk)]})


@require_http_methods(["GET", "POST"])
@never_cache
@own_pages_only
@with_role(Role.SUBMITTER, is_api=True)
def delete(request: HttpRequest, token: str, name: str, *, actor: User) -> HttpResponse:
    if not ingest_area.is_delete_token(actor.pk, name, token):
        listing = reverse("submissions:listing")
        raise DeniedError(f"This address does not delete any of your files. Use an address from {listing}.")
    ingest_area.delete(actor.pk, name)
    if request.method == "POST":
        return _back(request)
    return JsonResponse({"files": [{name: True}]})


@require_POST
@never_cache
@with_role(Role.SUBMITTER)
def delete_selected(request: HttpRequest, *, actor: User) -> HttpResponse:
    known = {row.name for row in ingest_area.files_of(actor.pk)}
    for name in known.intersection(request.POST.getlist("name")):
        ingest_area.delete(actor.pk, name)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to the page that shows the panel."""
    target = request.POST.get("next", "")
    return redirect(target if is_local(target) else "submissions:area")
