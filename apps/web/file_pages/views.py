"""The catalogue to browse, and the page of one file."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.catalog.similar_names import nearest_names
from apps.catalog.states import FileKind, FileState
from apps.core.access import Role, with_role
from apps.core.errors import DeniedError
from apps.core.forms import messages_of
from apps.core.marks import changes_nothing
from apps.core.refusals import refuse
from apps.core.tables import exported
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_file_name
from apps.submissions import queries as submissions
from apps.submissions.models import SubmittedFile
from apps.web.file_pages.browse import BrowseForm, listing
from apps.web.file_pages.details import as_json, details
from apps.web.file_pages.pending_file import pending_page
from apps.web.file_pages.recertification import start_check


@changes_nothing
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
def browse_db(request: HttpRequest) -> HttpResponseBase:
    sent = request.POST if request.method == "POST" else request.GET
    is_inside = request.user.is_authenticated
    form = BrowseForm(sent, is_inside=is_inside)
    page: dict[str, Any] = {"form": form, "error": "; ".join(messages_of(form))}
    if not form.is_valid():
        return refuse(
            request,
            page["error"],
            status=400,
            page=lambda: render(request, "web/browse_db.html", {"page": page}),
        )
    page["table"] = listing(form, sent, is_inside=is_inside)
    return exported(request, page["table"]) or render(request, "web/browse_db.html", {"page": page})


@require_safe
@never_cache
def file(request: HttpRequest, name: str) -> HttpResponseBase:
    is_inside = request.user.is_authenticated
    found = _find_official(name)
    if found is None:
        pending = submissions.find_pending(name) if is_inside and is_file_name(name) else None
        return _pending(request, pending) if pending else _unknown(request, name)
    page = details(found, request.GET, user=request.user.get_username() if is_inside else "")
    if _wants_json(request):
        return JsonResponse(as_json(page))
    return exported(request, page.actions) or render(request, "web/file.html", {"page": page})


@require_POST
@never_cache
@with_role(Role.SUBMITTER)
def certify(request: HttpRequest, name: str, *, actor: User) -> HttpResponse:
    found = _find_official(name)
    if found is None or found.kind != FileKind.REFERENCE:
        return _unknown(request, name)
    try:
        run = start_check(found, user=actor)
    except DeniedError:
        raise
    except CrdsError as exc:
        page = details(found, request.GET, user=actor.get_username())
        return render(request, "web/file.html", {"page": page, "error": str(exc)})
    return redirect(run)


def _wants_json(request: HttpRequest) -> bool:
    kinds = ["text/html", "application/json"]
    return request.GET.get("format") == "json" or request.get_preferred_type(kinds) == kinds[1]


def _find_official(name: str) -> File | None:
    found = catalog.find_file(name) if is_file_name(name) else None
    return None if found is None or found.state == FileState.UPLOADED else found


def _pending(request: HttpRequest, pending: SubmittedFile) -> HttpResponse:
    return refuse(
        request,
        f"{pending.name} was submitted and is not official yet.",
        status=404,
        code="unknown_file",
        page=lambda: render(request, "web/file_pending.html", {"page": pending_page(pending)}),
    )


def _unknown(request: HttpRequest, name: str) -> HttpResponse:
    page = {"name": name, "names": nearest_names(name)}
    return refuse(
        request,
        f"File {name[:128]!r} is not known to this server.",
        status=404,
        code="unknown_file",
        page=lambda: render(request, "web/file_unknown.html", {"page": page}, status=404),
    )
