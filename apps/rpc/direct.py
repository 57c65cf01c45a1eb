"""JSON-RPC without the middleware of pages: a call needs no session, no form and no account.

Every method works without an account. What remains of the site's middleware is here: the check of the host,
the id of the request, and the headers that every answer carries. Django is asked for those once.
"""

import io
import json
import os
import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import connections
from django.http.request import UnreadablePostError, split_domain_port, validate_host

from apps.contexts.queries import is_in_memory
from apps.core.bodies import BROKEN
from apps.core.web_server.messages import (
    BrokenBodyError,
    FileSlice,
    Headers,
    Scope,
    WebAnswer,
    WebRequest,
)
from apps.core.web_server.quick_answers import require_thread
from apps.core.web_server.wsgi_calls import WsgiApplication
from apps.rpc import views

# The name of a method to the check of its parameters. A call that passes is answered from memory, in less
# time than the way to a thread and back takes. It touches no database and no file.
QUICK: dict[str, Callable[[Any], bool]] = {}

# Headers that belong to one answer, and not to all of them.
_OWN = frozenset(
    {"allow", "cache-control", "content-length", "content-type", "set-cookie", "vary", "x-request-id"}
)


def quick(name: str) -> Callable[[Callable[[Any], bool]], Callable[[Any], bool]]:
    """Register the check that tells by its parameters whether a call of a method is quick."""

    def register(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
        QUICK[name] = check
        return check

    return register


@quick("get_best_references")
def _names_a_context_in_memory(params: Any) -> bool:
    given = params[0] if isinstance(params, list) and params else None
    return isinstance(given, str) and is_in_memory(given)


class DirectCalls:
    """Answers POST requests for JSON-RPC; Django answers all others at its address."""

    def __init__(self, django: WsgiApplication) -> None:
        self._django = django
        self._static: dict[str, Headers] = {}

    def is_for(self, scope: Scope) -> bool:
        """Return whether a request is a call."""
        if scope["method"] != "POST":
            return False
        path = _path(scope["path"])
        return path.startswith("/json") and (path == "/json" or path[5] == "/") and not _is_console(path)

    def is_quick(self, body: bytes) -> bool:
        """Return whether a call can be answered in the loop, without a thread."""
        try:
            call = orjson.loads(body)
        except ValueError:
            return False
        if not isinstance(call, dict):
            return False
        name = call.get("method")
        check = QUICK.get(name) if isinstance(name, str) else None
        return check is not None and check(call.get("params"))

    def answer(self, request: WebRequest) -> WebAnswer:
        """Return the answer to a call."""
        host = request.headers.get("host", "")
        if not _is_our_host(host, tuple(settings.ALLOWED_HOSTS)):
            return WebAnswer(400, [("Content-Type", "text/plain"), ("Content-Length", "0")])
        identifier = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=identifier)
        try:
            content = views.answer_body(_CallBody(request))
        finally:
            _give_back_connections()
        own: Headers = [("Content-Type", views.CONTENT_TYPE), ("X-Request-Id", identifier)]
        headers = own + self._static_headers(request)
        if isinstance(content, bytes):
            return WebAnswer(200, [("Content-Length", str(len(content))), *headers], content)
        with content:
            size = os.fstat(content.fileno()).st_size
            part = FileSlice(os.dup(content.fileno()), 0, size)
        return WebAnswer(200, [("Content-Length", str(size)), *headers], file=part)

    def _static_headers(self, request: WebRequest) -> Headers:
        """Return the headers that Django gives to every answer, for callers with TLS and without it."""
        # The caller chooses the text; Django asks only whether the first of its values is this one.
        first, _, _ = request.headers.get("x-forwarded-proto", "").partition(",")
        scheme = "https" if first.strip() == "https" else ""
        found = self._static.get(scheme)
        if found is None:
            require_thread()
            found = _headers_of_django(self._django, request.headers.get("host", ""), scheme)
            self._static[scheme] = found
        return found


class _CallBody:
    """The body of a call, with the errors that Django would raise."""

    def __init__(self, request: WebRequest) -> None:
        self._request = request
        self.headers = request.headers

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes."""
        try:
            return self._request.read(size)
        except BrokenBodyError as exc:
            if "chunked" in self.headers.get("transfer-encoding", ""):
                raise BadRequest(BROKEN) from exc
            raise UnreadablePostError from exc


def _path(path: str) -> str:
    """Return a path without the base path of this server.

    Some proxies remove the base path before they pass a request on, and others keep it.
    """
    path = "/" + path.lstrip("/")
    if settings.PUBLIC_PATH and path.startswith(f"{settings.PUBLIC_PATH}/"):
        path = "/" + path.removeprefix(settings.PUBLIC_PATH).lstrip("/")
    return path


def _is_console(path: str) -> bool:
    return path in ("/json/browse", "/json/browse/")


@lru_cache(maxsize=64)
def _is_our_host(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


def _give_back_connections() -> None:
    """Close database connections that are old or pooled, as Django does after a request."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()


def _headers_of_django(django: WsgiApplication, host: str, scheme: str) -> Headers:
    """Return the headers that Django's middleware adds to the answer to a call."""
    began: list[Any] = []
    call = json.dumps({"method": "system.describe"}).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/json/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": host,
        "CONTENT_LENGTH": str(len(call)),
        "wsgi.input": io.BytesIO(call),
        "wsgi.url_scheme": "http",
    } | ({"HTTP_X_FORWARDED_PROTO": scheme} if scheme else {})
    result: Any = django(environ, lambda _status, headers, _exc=None: began.extend(headers))
    result.close()
    return [(name, value) for name, value in began if name.lower() not in _OWN]
