"""Answers as ready bytes, with a tag by which a caller learns that nothing has changed."""

import hashlib
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from apps.core.errors import ConflictError, DeniedError, NotFoundError
from apps.rules.errors import CrdsError

PROBLEM = "application/problem+json"
IMMUTABLE = "public, max-age=31536000, immutable"
_STATUS: tuple[tuple[type[CrdsError], int, str], ...] = (
    (DeniedError, 403, "Denied"),
    (NotFoundError, 404, "Not found"),
    (ConflictError, 409, "Conflict"),
)


def answered(request: HttpRequest, value: Any, *, is_immutable: bool = False) -> HttpResponseBase:
    """Return a value as JSON, or 304 if the caller has it already.

    Parameters
    ----------
    is_immutable
        Whether the same address always gets the same answer; caches then never ask again.
    """
    body = orjson.dumps(value, option=orjson.OPT_NAIVE_UTC)
    tag = f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": IMMUTABLE if is_immutable else "no-cache"}
    whole = HttpResponse(body, content_type="application/json", headers=headers)
    return get_conditional_response(request, tag, None, whole) or whole


def done(value: Any, *, new_at: str = "") -> HttpResponse:
    """Return what an act has made or changed as JSON, whatever the caller has already.

    Parameters
    ----------
    new_at
        The address of a new thing; empty if there is none.
    """
    headers = {"Cache-Control": "no-store"} | ({"Location": new_at} if new_at else {})
    body = orjson.dumps(value, option=orjson.OPT_NAIVE_UTC)
    return HttpResponse(body, content_type="application/json", headers=headers, status=201 if new_at else 200)


def problem(status: int, title: str, detail: str, code: str) -> HttpResponse:
    """Return an error in the form of RFC 9457."""
    value = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return HttpResponse(orjson.dumps(value), content_type=PROBLEM, status=status)


def problem_of(error: CrdsError) -> HttpResponse:
    """Return the problem that describes an error whose message is safe to show."""
    for family, status, title in _STATUS:
        if isinstance(error, family):
            return problem(status, title, str(error), error.code)
    return problem(400, "Bad request", str(error), error.code)
