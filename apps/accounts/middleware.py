"""Middleware that recognises tokens, and that answers refusals in one place."""

from collections.abc import Callable
from typing import Any

from django.contrib import auth
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import Resolver404, get_resolver, resolve

from apps.accounts.models import Token
from apps.accounts.operations import note_use
from apps.accounts.operations.login import SESSION_TOKEN
from apps.accounts.queries import PREFIX, find_token, get_usable_token
from apps.accounts.refusal_pages import denied_page, login_page
from apps.core.access import NotLoggedInError, login_address
from apps.core.errors import DeniedError, NotFoundError
from apps.core.marks import has_mark
from apps.core.refusals import Form, form_of, refuse
from apps.locks.sessions import has_session

GetResponse = Callable[[HttpRequest], HttpResponse]

COOKIE = "ASB-AUTH"  # the name that the client gives it


def recognise_token(get_response: GetResponse) -> GetResponse:
    """Give a request with a token the rights of the token's owner.

    The token is in the ``Authorization`` header, in the cookie, or behind the session that it began.
    A request with the header needs no CSRF token, because a page of another site cannot make a browser send
    the header. A request with the cookie needs one.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.token = None  # type: ignore[attr-defined]
        text = _bearer(request)
        if text.startswith(PREFIX):
            token = find_token(text)
            if token is None and _looks_itself(request):
                return get_response(request)
            if token is None:
                return _unauthorised("The token is unknown, revoked or expired.")
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
            _act_as_owner(request, token)
        elif has_session(request) and auth.SESSION_KEY in request.session:
            _limit_session(request)
        elif token := find_token(request.COOKIES.get(COOKIE, "")):
            _act_as_owner(request, token)
        return get_response(request)

    return middleware


def _looks_itself(request: HttpRequest) -> bool:
    """Return whether the view of a request looks at the header itself, and answers in a form of its own."""
    try:
        return has_mark(resolve(request.path_info).func, "knows_callers")
    except Resolver404:
        return False


def _bearer(request: HttpRequest) -> str:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _act_as_owner(request: HttpRequest, token: Token) -> None:
    note_use(token)
    token.user.scopes = frozenset(token.scopes)
    request.token = token  # type: ignore[attr-defined]
    request.user = token.user


def _limit_session(request: HttpRequest) -> None:
    """Limit a session to the scopes of the token that began it, and end it when the token ends."""
    if SESSION_TOKEN not in request.session:
        return
    token = get_usable_token(request.session[SESSION_TOKEN])
    if token is None:
        auth.logout(request)
    elif request.user.is_authenticated:
        request.user.scopes = frozenset(token.scopes)


class AnswerRefusals:
    """Middleware that turns refusals into answers: redirect, 401, 403 or 404."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal, and ignore every other exception."""
        if isinstance(exception, NotLoggedInError):
            return _ask_to_log_in(request, exception)
        if isinstance(exception, DeniedError):
            return denied_page(request, str(exception))
        if isinstance(exception, NotFoundError):
            handler: Any = get_resolver().resolve_error_handler(404)
            answer: HttpResponse = handler(request, exception=exception)
            return answer
        return None


def _ask_to_log_in(request: HttpRequest, error: NotLoggedInError) -> HttpResponse:
    answer = refuse(request, error, status=401, page=lambda: _login_instead(request, str(error)))
    if form_of(request) is not Form.PAGE:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def _login_instead(request: HttpRequest, reason: str) -> HttpResponse:
    if request.method in {"GET", "HEAD"}:
        return redirect(login_address(next=request.get_full_path()))
    # Not a redirect, because the client takes a login page without an error for success.
    return login_page(request, error=reason, status=401)


def _unauthorised(reason: str) -> JsonResponse:
    return JsonResponse({"error": reason}, status=401, headers={"WWW-Authenticate": "Bearer"})
