"""Middleware for every request: paths, answers to HEAD, ids for the log, and the policy for browsers."""

import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix

GetResponse = Callable[[HttpRequest], HttpResponse]


def normalise_path(get_response: GetResponse) -> GetResponse:
    """Treat ``//json/`` as ``/json/``. On a server below ``/cal``, treat ``/cal/json/`` in the same way.

    The client appends paths to a base URL that may end in a slash. Some proxies keep the path of the public
    address, and some remove it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        path = "/" + request.path_info.lstrip("/")
        below = path.removeprefix(f"{settings.PUBLIC_PATH}/")
        if below != path:
            path = "/" + below.lstrip("/")
        if path != request.path_info:
            request.path_info = path
            request.path = f"{get_script_prefix().rstrip('/')}{path}"
        return get_response(request)

    return middleware


PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


def answer_probes(get_response: GetResponse) -> GetResponse:
    """Answer those who watch this server, whatever name or address they know it by.

    They ask one process or machine, which is not in `ALLOWED_HOSTS`. Their answers never hold the name.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info in PROBES:
            request.META["HTTP_HOST"] = urlsplit(settings.PUBLIC_ORIGIN).netloc
        return get_response(request)

    return middleware


def no_body_for_head(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer HEAD without a body, but with its length if that is known.

    Otherwise the web server would send the bytes, and a client would take them for the next answer.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer: HttpResponseBase = get_response(request)
        if request.method != "HEAD":
            return answer
        if isinstance(answer, StreamingHttpResponse):
            answer.close()
            answer.streaming_content = ()
        elif isinstance(answer, HttpResponse):
            if answer.content:
                answer["Content-Length"] = str(len(answer.content))
            answer.content = b""
        return answer

    return middleware


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id, and put it into its log lines and its answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        identifier = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=identifier)
        response = get_response(request)
        response["X-Request-Id"] = identifier
        return response

    return middleware


def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Send browsers the directives of `CONTENT_SECURITY_POLICY`, which are the same for every answer."""
    directives = settings.CONTENT_SECURITY_POLICY.items()
    policy = "; ".join(" ".join([name, *sources]) for name, sources in directives)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return middleware
