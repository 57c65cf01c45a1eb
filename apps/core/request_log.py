"""The record of each request: the metrics always, and a line of the log if `ACCESS_LOG` is on."""

import logging
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from apps.core import metrics
from apps.core.callers import caller_address

logger = logging.getLogger("crds.access")

# Pages whose address is a secret for some days.
_SECRET_PAGES = frozenset({"accounts:set_password"})

GetResponse = Callable[[HttpRequest], HttpResponse]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "unknown"


def record_requests(get_response: GetResponse) -> GetResponse:
    """Count each request of a page, and log it. Query strings are not logged: they may hold passwords."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - began
        page, method = _page(request), request.method if request.method in _METHODS else "OTHER"
        metrics.request_done(page, str(method), response.status_code, seconds)
        if settings.ACCESS_LOG:
            log_request(
                method=str(request.method)[:16],
                path="(hidden)" if page in _SECRET_PAGES else request.path[:500],
                page=page,
                status=response.status_code,
                seconds=seconds,
                size=response.headers.get("Content-Length", ""),
                address=caller_address(request.headers, str(request.META.get("REMOTE_ADDR", ""))),
                account=_account(request),
                agent=request.headers.get("User-Agent", ""),
            )
        return response

    return middleware


def log_request(
    *,
    method: str,
    path: str,
    page: str,
    status: int,
    seconds: float,
    size: str,
    address: str,
    account: str,
    agent: str,
) -> None:
    """Write one line about a request. The id of the request is bound already."""
    facts = {
        "method": method,
        "path": path,
        "page": page,
        "status": status,
        "took_ms": round(seconds * 1000, 2),
        "size": int(size) if size.isdigit() else None,
        "address": address,
        "account": account,
        "agent": agent[:200],
    }
    with structlog.contextvars.bound_contextvars(**facts):
        logger.info("%s %s %s", method, path, status)


def _page(request: HttpRequest) -> str:
    """Return the name of the address, of which there are few, or the name of its view."""
    match = request.resolver_match
    if match is None:
        return UNKNOWN
    return str(match.view_name or match.func.__name__)


def _account(request: HttpRequest) -> str:
    """Return the name of the account if the request has asked for it; the log asks no database."""
    user = getattr(request, "_cached_user", None)
    return str(user.get_username()) if user is not None and user.is_authenticated else ""
