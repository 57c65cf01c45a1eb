"""What happens to every request before a view sees it."""

import secrets
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


def collapse_leading_slashes(get_response: GetResponse) -> GetResponse:
    """Treat ``//json/`` as ``/json/``: the client appends paths to a base URL that ends in a slash."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("//"):
            request.path_info = "/" + request.path_info.lstrip("/")
            script_name = request.META.get("SCRIPT_NAME", "").rstrip("/")
            request.path = script_name + request.path_info
        return get_response(request)

    return middleware


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id that its log lines and its answer carry."""

    def middleware(request: HttpRequest) -> HttpResponse:
        identifier = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=identifier)
        response = get_response(request)
        response["X-Request-Id"] = identifier
        return response

    return middleware
