"""What happens to every request before a view sees it."""

import secrets
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

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


def no_body_for_head(get_response: GetResponse) -> Callable[[HttpRequest], HttpResponseBase]:
    """Send no body in answer to HEAD, but the length that it would have where that is known.

    The web server would send the bytes, which a client takes for the beginning of the next answer.
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
    """Give each request an id that its log lines and its answer carry."""

    def middleware(request: HttpRequest) -> HttpResponse:
        identifier = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=identifier)
        response = get_response(request)
        response["X-Request-Id"] = identifier
        return response

    return middleware
