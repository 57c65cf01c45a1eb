"""The views that describe the service."""

from __future__ import annotations

import time

from django.db import DatabaseError, connection
from django.http.response import HttpResponseBase
from django.utils import timezone

from apps.core import readiness
from apps.vo.answers import xml
from apps.vo.errors import MissingError, UsageError
from apps.vo.identity.authentication import challenges
from apps.vo.service import Call, service
from apps.vo.tables.tap_schema import all_tables
from apps.vo.tap import description
from apps.vo.tap.examples import examples_document

_STARTED = timezone.now()
MEMORY = 5.0  # seconds for which the state is remembered: clients ask often, and a look takes a while
_remembered: list[tuple[float, str]] = []


@service("GET", errors="text")
def capabilities(call: Call) -> HttpResponseBase:
    answer = xml(description.capabilities(call.base))
    answer["WWW-Authenticate"] = challenges(call.request)
    return answer


@service("GET", errors="text")
def availability(call: Call) -> HttpResponseBase:
    problem = _recent_problem()
    note = problem or "The service answers."
    return xml(description.availability(is_available=not problem, note=note, since=_STARTED))


def _recent_problem() -> str:
    now = time.monotonic()
    if not _remembered or now - _remembered[0][0] > MEMORY:
        _remembered[:] = [(now, _problem())]
    return _remembered[0][1]


def _problem() -> str:
    """Return why the service cannot answer; empty if it can."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        wrong = [part.name for part in readiness.parts(readiness.Program.WEB) if not part.is_ok]
    except DatabaseError:
        return "The database cannot be read."
    return f"Not ready: {', '.join(wrong)}." if wrong else ""


@service("GET", errors="text")
def tables(call: Call) -> HttpResponseBase:
    detail = call.parameters.one("DETAIL", "max").strip().lower()
    if detail not in ("min", "max"):
        raise UsageError(f"DETAIL is {detail[:40]!r}; min or max was expected.")
    return xml(description.tableset(is_brief=detail == "min"))


@service("GET", errors="text")
def table(call: Call, table: str) -> HttpResponseBase:
    found = next((each for each in all_tables() if each.shown.lower() == table.lower()), None)
    if found is None:
        raise MissingError(f"There is no table {table[:100]!r}.")
    return xml(description.one_table(found))


@service("GET", errors="text")
def examples(call: Call) -> HttpResponseBase:
    return xml(examples_document(call.base), content_type="application/xhtml+xml; charset=utf-8")
