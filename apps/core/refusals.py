"""Errors in the form that the caller asked for: a page for people, JSON or one line of text for programs.

Only this module decides the form. A view that shows an error calls `refuse`. The middleware `answer_programs`
catches all other error pages.
"""

from collections.abc import Callable
from enum import Enum
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from apps.core.errors import ConflictError, DeniedError, NotFoundError
from apps.core.marks import has_mark
from apps.rules.errors import CrdsError

GetResponse = Callable[[HttpRequest], HttpResponse]
View = Callable[..., HttpResponseBase]

PLAIN = "text/plain; charset=utf-8"


class Form(Enum):
    """The form in which a caller reads an error."""

    PAGE = "page"
    JSON = "json"
    TEXT = "text"


# The values of `format` in an address.
_WORDS = {"json": Form.JSON, "csv": Form.TEXT, "text": Form.TEXT, "txt": Form.TEXT, "urls": Form.TEXT}
_TYPES = {
    "text/html": Form.PAGE,
    "application/json": Form.JSON,
    "text/csv": Form.TEXT,
    "text/plain": Form.TEXT,
}
_STATUS: tuple[tuple[type[CrdsError], int], ...] = (
    (DeniedError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
)


def answers_in(form: Form) -> Callable[[View], View]:
    """Mark a view for programs: all its errors are answered in one form."""

    def decorate(view: View) -> View:
        @wraps(view)
        def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            request.answer_form = form  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        marked.answer_form = form  # type: ignore[attr-defined]  # A mark, for refusals before the view runs.
        return marked

    return decorate


def form_of(request: HttpRequest) -> Form:
    """Return the form in which the caller reads an error.

    A view with one form for all has the mark `answers_in`. Otherwise the address counts first, then the
    header ``Accept``. A caller that names no form and sends a token in a header is a program that reads JSON.
    Any other caller may be a person, or a client that reads pages.
    """
    if own := getattr(request, "answer_form", None):
        return Form(own)
    if named := _form_in_address(request):
        return named
    preferred = request.get_preferred_type(list(_TYPES)) if "Accept" in request.headers else None
    if preferred and "*/*" not in str(request.headers["Accept"]).partition(",")[0]:
        return _TYPES[str(preferred)]
    is_program = str(request.headers.get("Authorization", "")).lower().startswith("bearer ")
    return Form.JSON if is_program else Form.PAGE


def _form_in_address(request: HttpRequest) -> Form | None:
    # Tables that share a page put a prefix before the word.
    try:
        sent = request.GET.dict()
    except SuspiciousOperation:
        return None
    formats = (str(value).lower() for name, value in sent.items() if name.endswith("format"))
    return next((_WORDS[word] for word in formats if word in _WORDS), None)


def refusal(
    request: HttpRequest,
    view: Callable[..., Any] | None,
    *,
    title: str,
    text: str,
    status: int,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Return the answer of middleware that refuses a request before a view sees it.

    Parameters
    ----------
    view
        The view, whose marks give the form; None if there is no view.
    title, text
        Title and text of the page. Programs get the text alone.
    """
    # The client reads its next token from the answer to each piece of an upload, refused or not.
    get_token(request)
    own = Form.JSON if has_mark(view, "is_api") else getattr(view, "answer_form", None)
    if own is not None:
        request.answer_form = own  # type: ignore[attr-defined]
    words = {"title": title, "text": text}
    answer = refuse(
        request,
        text,
        status=status,
        page=lambda: render(request, "refused.html", words, status=status),
    )
    for name, value in (headers or {}).items():
        answer[name] = value
    return answer


def status_of(error: CrdsError) -> int:
    """Return the HTTP status for programs of this kind of error."""
    return next((status for family, status in _STATUS if isinstance(error, family)), 400)


def refuse(
    request: HttpRequest, reason: object, *, status: int, page: Callable[[], HttpResponse], code: str = ""
) -> HttpResponse:
    """Answer that something cannot be done.

    Parameters
    ----------
    reason
        Text that is safe to show.
    status
        HTTP status for programs; the page has its own.
    page
        Makes the answer for people.
    code
        Short name of the error, which JSON contains beside the text.
    """
    form = form_of(request)
    answer = page() if form is Form.PAGE else _plain(form, str(reason), status, code)
    patch_vary_headers(answer, ["Accept"])
    return answer


def refuse_error(request: HttpRequest, error: CrdsError, *, page: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer with an error of the domain, as `refuse` does, and with the status of its family."""
    return refuse(request, error, status=status_of(error), page=page, code=error.code)


def _plain(form: Form, reason: str, status: int, code: str = "") -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    if form is Form.JSON:
        body = {"error": reason, "code": code} if code else {"error": reason}
        return JsonResponse(body, status=status, headers=headers)
    return HttpResponse(f"{reason}\n", PLAIN, status, headers=headers)


def answer_programs(get_response: GetResponse) -> GetResponse:
    """Replace error pages by JSON or text for programs, and any page if the address names a form."""

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        if not answer.get("Content-Type", "").startswith("text/html"):
            return answer
        if answer.status_code >= 400:
            return _without_page(request, answer)
        if answer.status_code == 200 and _form_in_address(request):
            reason = f"{request.path} cannot be answered in the requested format."
            return _plain(form_of(request), reason, 406)
        return answer

    return middleware


def _without_page(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    form = form_of(request)
    has_page = not answer.streaming and bool(answer.content)
    if form is Form.PAGE and has_page:
        return answer
    # A refused method has no page at all, so people also get the line of text.
    plain = _plain(Form.TEXT if form is Form.PAGE else form, _reason(request, answer), answer.status_code)
    for name in ("Allow", "WWW-Authenticate", "Retry-After"):
        if name in answer:
            plain[name] = answer[name]
    plain.cookies = answer.cookies
    return plain


def _reason(request: HttpRequest, answer: HttpResponse) -> str:
    if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.method} is not allowed at {request.path}. Use {answer.get('Allow')}."
    return f"{answer.reason_phrase}: {request.path} cannot be answered."
