"""Jobs: the list, one job, and its leaves. Errors are lines of text: a client quotes no other form."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import connections
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase

from apps.vo.answers import error_as_votable, see_other, text, xml
from apps.vo.errors import MissingError, UsageError, VoError
from apps.vo.models import QueryJob
from apps.vo.parameters import Parameters, whole_number
from apps.vo.service import Call, service
from apps.vo.states import ACTIVE, EVERY_PHASE, Status
from apps.vo.uws import documents, operations, results
from apps.vo.uws.queries import job_of, jobs_of
from apps.vo.writers.votable import error_document

LONGEST_WAIT = 20.0  # seconds
LOOK = 0.2  # seconds between two looks at a job that somebody waits for
WAITING = threading.BoundedSemaphore(4)  # Callers who wait in this process; more are answered at once.


@service("GET", "POST", errors="text", changes=True)
def jobs(call: Call) -> HttpResponseBase:
    """Return the caller's jobs, or make one."""
    if call.method == "GET":
        return _list(call)
    job = operations.create(call.parameters, reader=call.reader, origin=call.base.origin)
    _set_controls(job, call.parameters)
    if phase := call.parameters.one("PHASE"):
        _set_phase(job, phase)
    return see_other(documents.address_of(job))


@service("GET", "POST", "DELETE", errors="text", changes=True)
def job(call: Call, key: str) -> HttpResponseBase:
    """Return one job, change it or remove it."""
    row = job_of(key, call.reader)
    parameters = call.parameters
    if call.method == "DELETE" or (call.method == "POST" and parameters.one("ACTION").upper() == "DELETE"):
        operations.remove(row)
        return see_other(call.base.of("vo:jobs"))
    if call.method == "POST":
        return _change(row, parameters)
    operations.end_if_lost(row)
    if parameters.has("WAIT"):
        _wait(row, parameters)
    return xml(documents.job_document(row))


def _change(row: QueryJob, parameters: Parameters) -> HttpResponseBase:
    _set_controls(row, parameters)
    operations.set_parameters(row, parameters)
    if parameters.has("PHASE"):
        _set_phase(row, parameters.one("PHASE"))
    return see_other(documents.address_of(row))


def _set_controls(row: QueryJob, parameters: Parameters) -> None:
    if parameters.has("EXECUTIONDURATION"):
        seconds = whole_number("EXECUTIONDURATION", parameters.one("EXECUTIONDURATION"))
        operations.set_duration(row, seconds)
    if parameters.has("DESTRUCTION"):
        operations.set_destruction(row, _moment("DESTRUCTION", parameters.one("DESTRUCTION")))


def _set_phase(row: QueryJob, phase: str) -> None:
    verbs: dict[str, Callable[[QueryJob], None]] = {"RUN": operations.start, "ABORT": operations.abort}
    verb = verbs.get(phase.strip().upper())
    if verb is None:
        raise UsageError(f"PHASE is {phase[:40]!r}; RUN or ABORT was expected.")
    verb(row)


def _wait(row: QueryJob, parameters: Parameters) -> None:
    """Wait until the phase of a job changes, or the time is over."""
    given = parameters.one("WAIT").strip()
    seconds = LONGEST_WAIT if given == "-1" else float(whole_number("WAIT", given))
    phase = parameters.one("PHASE") or row.status
    if phase not in EVERY_PHASE:
        raise UsageError(f"PHASE is {phase[:40]!r}; one of {', '.join(EVERY_PHASE)} was expected.")
    if phase != row.status or row.status not in ACTIVE or not WAITING.acquire(blocking=False):
        return
    try:
        _wait_until(row, phase, time.monotonic() + min(seconds, LONGEST_WAIT))
    finally:
        WAITING.release()


def _wait_until(row: QueryJob, phase: str, end: float) -> None:
    while row.status == phase and (left := end - time.monotonic()) > 0:
        # Somebody else may use the connection while this request sleeps.
        for connection in connections.all(initialized_only=True):
            if not connection.in_atomic_block and connection.vendor == "postgresql":
                connection.close()
        time.sleep(min(LOOK, left))
        try:
            row.refresh_from_db()
        except QueryJob.DoesNotExist:
            raise MissingError("The job was removed.") from None
        operations.end_if_lost(row)


def _list(call: Call) -> HttpResponseBase:
    rows = _filtered(jobs_of(call.reader), call.parameters)
    return xml(documents.jobs_document(rows, call.base.of("vo:jobs")))


def _filtered(rows: QuerySet[QueryJob], parameters: Parameters) -> QuerySet[QueryJob]:
    phases = [phase.strip().upper() for phase in parameters.all("PHASE")]
    if unknown := [phase for phase in phases if phase not in EVERY_PHASE]:
        raise UsageError(f"PHASE is {unknown[0][:40]!r}; one of {', '.join(EVERY_PHASE)} was expected.")
    if phases:
        rows = rows.filter(status__in=phases)
    if parameters.has("AFTER"):
        rows = rows.filter(created_at__gt=_moment("AFTER", parameters.one("AFTER")))
    if parameters.has("LAST"):
        last = whole_number("LAST", parameters.one("LAST"))
        if last == 0:
            raise UsageError("LAST is 0; a number of at least 1 was expected.")
        rows = rows[: min(last, 1_000_000)]
    return rows


def _moment(name: str, given: str) -> datetime:
    """Return a moment of ISO 8601, UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(given.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{name} is {given[:40]!r}; a moment such as 2026-01-31T12:00:00Z was expected."
        ) from None


Leaf = Callable[[QueryJob], HttpResponse]


@service("GET", "POST", errors="text", changes=True)
def leaf(call: Call, key: str, leaf: str) -> HttpResponseBase:
    """Return one part of a job, or change it."""
    row = job_of(key, call.reader)
    if call.method == "POST":
        return _change_leaf(row, leaf, call.parameters)
    operations.end_if_lost(row)
    return _LEAVES[leaf](row)


def _change_leaf(row: QueryJob, name: str, parameters: Parameters) -> HttpResponseBase:
    wanted = {"phase": "PHASE", "executionduration": "EXECUTIONDURATION", "destruction": "DESTRUCTION"}
    if name == "parameters":
        operations.set_parameters(row, parameters)
    elif name not in wanted:
        raise UsageError(f"The {name} of a job cannot be changed.")
    elif not parameters.has(wanted[name]):
        raise UsageError(f"The parameter {wanted[name]} is missing.")
    elif name == "phase":
        _set_phase(row, parameters.one("PHASE"))
    else:
        _set_controls(row, parameters)
    return see_other(documents.address_of(row))


def _error_leaf(row: QueryJob) -> HttpResponse:
    if row.status != Status.ERROR:
        raise MissingError(f"The job is {row.status} and has no error.")
    return HttpResponse(error_document(row.error), "application/x-votable+xml")


_LEAVES: dict[str, Leaf] = {
    "phase": lambda row: text(row.status),
    "executionduration": lambda row: text(str(row.duration)),
    "destruction": lambda row: text(documents.moment_text(row.destroy_at)),
    "quote": lambda row: text(""),
    "owner": lambda row: text(row.owner),
    "parameters": lambda row: xml(documents.parameters_document(row)),
    "results": lambda row: xml(documents.results_document(row)),
    "error": _error_leaf,
}


@service("GET", errors="text")
def result(call: Call, key: str) -> HttpResponseBase:
    """Return the answer of a query."""
    row = job_of(key, call.reader)
    if row.status == Status.ERROR:
        return error_as_votable(_failed(row))
    if row.status != Status.COMPLETED:
        raise MissingError(f"The job is {row.status} and has no result.")
    try:
        stream = results.open_result(row)
    except FileNotFoundError:
        raise MissingError("The result was removed.") from None
    answer = FileResponse(stream, content_type=row.result_type)
    answer["Content-Length"] = str(row.result_size)
    answer["Cache-Control"] = "no-store"
    return answer


def _failed(row: QueryJob) -> VoError:
    error = MissingError("The query failed.")
    error.args = (row.error,)
    return error


@service("GET", "POST", "DELETE", errors="text")
def nothing_here(call: Call) -> HttpResponseBase:
    """Answer an address below a service that does not exist."""
    raise MissingError("There is nothing at this address.")
