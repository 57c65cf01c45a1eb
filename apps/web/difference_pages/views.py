"""The page of a difference, and the form that asks for one."""

from pathlib import Path
from typing import Any, cast

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from apps.catalog.similar_names import nearest_names
from apps.core.errors import DeniedError, InvalidInputError, NotFoundError
from apps.core.forms import messages_of
from apps.core.marks import changes_nothing, takes_files
from apps.core.refusals import refuse
from apps.rules.errors import CrdsError
from apps.web.difference_pages.compared_files import Source, find_known, of_upload
from apps.web.difference_pages.difference_page import DifferencePage, answer
from apps.web.difference_pages.forms import DifferenceForm, FileOrigin
from apps.web.difference_pages.requested_difference import RequestedDifference, address, requested_difference
from apps.web.difference_pages.upload_handler import ComparedFileHandler

FILES = ("file1", "file2")


@require_safe
def difference(request: HttpRequest) -> HttpResponseBase:
    names = [request.GET.get(name, "").strip() for name in FILES]
    if not all(names):
        query = request.GET.urlencode()
        return HttpResponseRedirect(f"{reverse('web:difference_files')}{f'?{query}' if query else ''}")
    found: list[Source] = []
    reasons: dict[int, NotFoundError] = {}
    for number, name in enumerate(names):
        try:
            found.append(find_known(name, is_inside=request.user.is_authenticated))
        except NotFoundError as exc:
            reasons[number] = exc
        except CrdsError as exc:
            return _form_page(request, _filled(request), error=str(exc))
    if reasons:
        return _unknown(request, names, reasons)
    old, new = found
    return _difference(request, DifferencePage(old, new, requested_difference(request.GET)), _filled(request))


def _difference(request: HttpRequest, shown: DifferencePage, form: DifferenceForm) -> HttpResponseBase:
    try:
        page = answer(request, shown)
    except CrdsError as exc:
        return _form_page(request, form, error=str(exc))
    if isinstance(page, HttpResponseBase):
        return page
    return render(request, "web/difference.html", {"page": {"shown": shown, **page}})


def _unknown(request: HttpRequest, names: list[str], reasons: dict[int, NotFoundError]) -> HttpResponse:
    """Answer that files are unknown, or that their bytes are not here; only the first is 404."""
    wrong = [number for number, reason in reasons.items() if reason.code != "not_held"]
    suggestions = []
    for number in wrong:
        others = [(other, _with(names, number, other)) for other in nearest_names(names[number])]
        suggestions += [(names[number], others)] if others else []
    error = " ".join(dict.fromkeys(map(str, reasons.values())))
    status = 404 if wrong else 200
    return _form_page(request, _filled(request), error=error, status=status, suggestions=suggestions)


def _with(names: list[str], number: int, other: str) -> str:
    """Return the address of the difference with one file replaced."""
    changed = [other if at == number else name for at, name in enumerate(names)]
    return address(changed[0], changed[1])


# The CSRF token is in the body, and upload handlers cannot be changed once the body is read. So the site's
# middleware skips its check, and the inner view makes it.
@takes_files
@changes_nothing
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def difference_files(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        return _form_page(request, _filled(request))
    handler = ComparedFileHandler(request, is_open=request.user.is_authenticated)
    request.upload_handlers = [handler]
    return _compare(request, handler)


@csrf_protect
def _compare(request: HttpRequest, handler: ComparedFileHandler) -> HttpResponseBase:
    form = DifferenceForm(request.POST, request.FILES)
    try:
        _require_uploads(request, handler)
        if not form.is_valid():
            return _form_page(request, form)
        old, new = (_source(request, form, number) for number in (1, 2))
        if not form.has_uploads:
            return HttpResponseRedirect(address(old.name, new.name), status=303)
    except CrdsError as exc:
        return _form_page(request, form, error=str(exc))
    return _difference(request, DifferencePage(old, new, RequestedDifference()), form)


def _require_uploads(request: HttpRequest, handler: ComparedFileHandler) -> None:
    """Refuse uploads of people who are not logged in, and files that are too big."""
    wanted = [request.POST.get(f"source{number}") for number in (1, 2)]
    if FileOrigin.UPLOADED in wanted and not handler.is_open:
        raise DeniedError("Log in to compare files of your own.")
    if handler.refused:
        names = ", ".join(handler.refused)
        raise InvalidInputError(
            f"{names}: more than {handler.most_bytes:,} bytes are too big to be compared here."
        )


def _source(request: HttpRequest, form: DifferenceForm, number: int) -> Source:
    chosen = form.chosen(number)
    if isinstance(chosen, UploadedFile):
        stored = cast(TemporaryUploadedFile, chosen)
        return of_upload(str(stored.name), Path(stored.temporary_file_path()))
    return find_known(chosen, is_inside=request.user.is_authenticated)


def _filled(request: HttpRequest) -> DifferenceForm:
    """Return the form, filled with the files that the address names."""
    return DifferenceForm(initial={name: request.GET.get(name, "")[:200] for name in FILES})


def _form_page(
    request: HttpRequest, form: DifferenceForm, *, error: str = "", status: int = 200, **more: Any
) -> HttpResponse:
    """Return the page of the form; its errors are in one element, which clients read."""
    get_token(request)  # Clients read the cookie from this very answer, whether or not they have it.
    wrong = error or "; ".join(messages_of(form))
    page = {"form": form, "error": wrong, "may_upload": request.user.is_authenticated, **more}

    def shown() -> HttpResponse:
        return render(request, "web/difference_files.html", {"page": page}, status=status)

    return refuse(request, wrong, status=max(status, 400), page=shown) if wrong else shown()
