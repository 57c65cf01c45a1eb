"""The frame of every view of a service: methods, caller, parameters, and errors in the client's form."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from apps.core.errors import NotFoundError
from apps.core.incidents import current
from apps.core.marks import changes_nothing, reads_raw_body, runs_by_itself
from apps.core.refusals import Form
from apps.rules.errors import CrdsError
from apps.vo.addresses import ClientOrigin, base_of
from apps.vo.answers import compressed, error_as_json, error_as_text, error_as_votable
from apps.vo.errors import MethodError, MissingError, OurFaultError, UnknownCallerError, UsageError, VoError
from apps.vo.identity.authentication import challenges, reader_of
from apps.vo.identity.rate_limit import count
from apps.vo.identity.reader import Reader
from apps.vo.parameters import Parameters, parameters_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One request, as the views of services see it."""

    request: HttpRequest
    reader: Reader
    parameters: Parameters
    base: ClientOrigin

    @property
    def method(self) -> str:
        """The method of the request; HEAD is answered as GET."""
        return "GET" if self.request.method == "HEAD" else str(self.request.method)


View = Callable[..., HttpResponseBase]
_FORMS: dict[str, Callable[[VoError], HttpResponse]] = {
    "votable": error_as_votable,
    "text": error_as_text,
    "json": error_as_json,
}


def service(
    *methods: str, errors: str = "votable", changes: bool = False
) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """Make a view of a service from a function of a `Call`.

    Parameters
    ----------
    methods
        GET includes HEAD.
    errors
        ``votable``, ``text`` or ``json``: the form of errors.
    changes
        Whether it writes something; then it is refused during maintenance.
    """
    allowed = (*methods, *(("HEAD",) if "GET" in methods else ()), "OPTIONS")
    as_answer = _FORMS[errors]

    def decorate(view: View) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            reader = Reader()
            try:
                if request.method not in allowed:
                    raise MethodError(f"{request.method} is not offered at this address.", allowed=allowed)
                reader = reader_of(request)
                count(reader)
                call = Call(request, reader, parameters_of(request), base_of(request))
                answer = view(call, *args, **kwargs)
            except Exception as exc:
                answer = as_answer(_as_vo_error(exc))
            return compressed(request, _with_identity(request, answer, reader))

        answered.answer_form = Form.TEXT  # type: ignore[attr-defined]  # For refusals before the view runs.
        answered.knows_callers = True  # type: ignore[attr-defined]  # The middleware leaves tokens to it.
        marked = runs_by_itself(reads_raw_body(csrf_exempt(answered)))
        return marked if changes else changes_nothing(marked)

    return decorate


def _with_identity(request: HttpRequest, answer: HttpResponseBase, reader: Reader) -> HttpResponseBase:
    if reader.name:
        answer["X-VO-Authenticated"] = reader.name
        if answer.status_code == 200:
            answer["Cache-Control"] = "private, no-store"
    answer["Server"] = "crds"  # A validator misses it, and our web server sends none.
    if answer.status_code == 401:
        answer["WWW-Authenticate"] = challenges(request)
    patch_vary_headers(answer, ["Authorization"])
    return answer


def _as_vo_error(error: Exception) -> VoError:
    """Return the error that the caller sees; only the log knows more about our own faults."""
    if isinstance(error, VoError):
        return error
    if isinstance(error, NotFoundError):
        return MissingError(str(error))
    if isinstance(error, CrdsError):
        return UsageError(str(error))
    incident = current()
    level = (
        "The database does not answer"
        if isinstance(error, DatabaseError)
        else "The request could not be answered"
    )
    logger.exception("a service failed, incident %s", incident)
    return OurFaultError(f"{level}; incident {incident}.")


__all__ = ["Call", "UnknownCallerError", "service"]
