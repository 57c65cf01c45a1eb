"""Public pages of the datasets that each move of the latest context affects."""

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.core.access import Actor, Role, find_actor, with_role
from apps.core.errors import ConflictError
from apps.core.filters import PAGE_SIZE
from apps.core.json_lists import json_object
from apps.core.refusals import Form, answers_in, refuse
from apps.core.tables import Column, Table, csv_file, exported
from apps.reprocessing import operations, parquet_file, queries
from apps.reprocessing.affected_products import first_ids, ids_in_blocks
from apps.reprocessing.errors import BusyParquetError, NoParquetError, NotComputedError
from apps.reprocessing.models import Transition
from apps.reprocessing.states import LOOKS, Status
from apps.rules.errors import CrdsError

SHOWN_IDS = 20_000  # of a table; all ids come as text and as JSON


def _address(row: Transition) -> str:
    return row.get_absolute_url()


def _counted(row: Transition, number: int) -> int | None:
    """Return a number of a result. There is none before the result, because 0 would mean "not affected"."""
    return number if row.status == Status.COMPLETE else None


COLUMNS = (
    Column(
        "new", "Latest Context", lambda row: row.new, sort="new", search="new__icontains", address=_address
    ),
    Column("old", "Before", lambda row: row.old, sort="old", search="old__icontains"),
    Column(
        "since",
        "Since",
        lambda row: row.change.started_at if row.change else None,
        sort="change__started_at",
        look="moment",
    ),
    Column(
        "status",
        "Status",
        lambda row: str(row.status),
        sort="status",
        badge=lambda row: LOOKS[Status(row.status)],
    ),
    Column("products", "Affected Products", lambda row: _counted(row, row.affected_count), look="number"),
    Column("examined", "Exposures Examined", lambda row: _counted(row, row.examined_count), look="number"),
    Column("errors", "Errors", lambda row: _counted(row, row.error_count), look="number"),
    Column("ended", "Ended", lambda row: row.ended_at, sort="ended_at", look="moment"),
)
ID_COLUMNS = (Column("id", "Id", lambda text: text, sort="id", search="id", look="code"),)


@require_safe
@never_cache
def listing(request: HttpRequest) -> HttpResponseBase:
    table = Table(
        COLUMNS, queries.transitions(), request.GET, order="-since", size=PAGE_SIZE, label="Transitions"
    )
    answer = exported(request, table)
    page = {"table": table, "may_compare": _is_operator(request), "sent": {}, "error": ""}
    return answer or render(request, "reprocessing/listing.html", {"page": page})


@require_safe
@never_cache
def detail(request: HttpRequest, old: str, new: str) -> HttpResponseBase:
    return _detail(request, old, new)


def _may_search(request: HttpRequest, row: Transition | None) -> bool:
    is_open = row is None or not (row.is_alive or row.status == Status.COMPLETE)
    return is_open and _is_operator(request)


def _is_operator(request: HttpRequest) -> bool:
    actor = find_actor(request)
    return actor is not None and bool(actor.has_role(Role.OPERATOR))


def _detail(request: HttpRequest, old: str, new: str, *, error: str = "") -> HttpResponseBase:
    change, row = queries.find_pair(old, new)
    page: dict[str, Any] = {"old": old, "new": new, "change": change, "transition": row, "error": error}
    page["may_search"] = _may_search(request, row)
    if row is None or row.status != Status.COMPLETE:
        page |= {"why_not": queries.why_not(change, row), "progress": queries.find_progress(row)}
        return refuse(
            request,
            page["why_not"],
            status=409,
            page=lambda: render(request, "reprocessing/detail.html", {"page": page}),
        )
    ids = first_ids(row, SHOWN_IDS)
    table = Table(ID_COLUMNS, ids, request.GET, order="id", label="Affected Products")
    counts = [
        (name, reftype, count) for name, types in row.counts.items() for reftype, count in types.items()
    ]
    page |= {"table": table, "counts": counts, "hidden": row.affected_count - len(ids)}
    page["has_parquet"] = parquet_file.is_available()
    # A file that holds a part of the list would be taken for the whole one.
    answer = None if page["hidden"] else exported(request, table)
    return answer or render(request, "reprocessing/detail.html", {"page": page})


@require_POST
@never_cache
@with_role(Role.OPERATOR)
def search(request: HttpRequest, old: str, new: str, *, actor: Actor) -> HttpResponseBase:
    """Search again, and return to the page of the transition, which shows the progress of the search."""
    try:
        operations.search(old, new, user=actor.get_username())
    except ConflictError as exc:
        return _detail(request, old, new, error=f"{exc} Wait until it ends.")
    return redirect("reprocessing:detail", old, new)


@require_POST
@never_cache
@with_role(Role.OPERATOR)
def compare(request: HttpRequest, *, actor: Actor) -> HttpResponseBase:
    """Search for the datasets whose references differ under any two contexts."""
    old, new = (request.POST.get(name, "").strip()[:128] for name in ("old", "new"))
    try:
        row = operations.search(old, new, user=actor.get_username())
    except CrdsError as exc:
        table = Table(
            COLUMNS, queries.transitions(), request.GET, order="-since", size=PAGE_SIZE, label="Transitions"
        )
        page = {"table": table, "may_compare": True, "sent": {"old": old, "new": new}, "error": str(exc)}
        return render(request, "reprocessing/listing.html", {"page": page})
    return redirect(row)


@answers_in(Form.TEXT)
@require_safe
@never_cache
def exposures_as_csv(request: HttpRequest, old: str, new: str) -> HttpResponseBase:
    """Return each affected exposure with its type, and its old and new reference."""
    queries.find_pair(old, new)
    try:
        row = queries.get_complete(old, new)
    except NotComputedError as exc:
        return HttpResponse(f"{exc}\n", status=409, content_type="text/plain; charset=utf-8")
    return csv_file(f"affected_{old}_{new}.csv", parquet_file.COLUMNS, queries.affected_exposures(row))


@answers_in(Form.JSON)
@require_safe
@never_cache
def exposures_as_json(request: HttpRequest, old: str, new: str) -> HttpResponseBase:
    """Return the same as `exposures_as_csv`: the names of the columns, and a list for each exposure."""
    queries.find_pair(old, new)
    try:
        row = queries.get_complete(old, new)
    except NotComputedError as exc:
        return JsonResponse({"error": str(exc)}, status=409)
    facts = {"old_context": row.old, "new_context": row.new, "columns": parquet_file.COLUMNS}
    exposures = ([each] for each in queries.affected_exposures(row))
    return StreamingHttpResponse(json_object(facts, "rows", exposures), content_type="application/json")


@answers_in(Form.TEXT)
@require_safe
@never_cache
def exposures_as_parquet(request: HttpRequest, old: str, new: str) -> HttpResponseBase:
    """Return the same as `exposures_as_csv`. The file is written before it is sent."""
    queries.find_pair(old, new)
    try:
        row = queries.get_complete(old, new)
        file = parquet_file.write(queries.affected_exposures(row))
    except NotComputedError as exc:
        return HttpResponse(f"{exc}\n", status=409, content_type="text/plain; charset=utf-8")
    except NoParquetError as exc:
        return HttpResponse(f"{exc}\n", status=501, content_type="text/plain; charset=utf-8")
    except BusyParquetError as exc:
        headers = {"Retry-After": "60"}
        return HttpResponse(f"{exc}\n", status=503, content_type="text/plain; charset=utf-8", headers=headers)
    name = f"affected_{row.old}_{row.new}.parquet"
    return FileResponse(
        file, as_attachment=True, filename=name, content_type="application/vnd.apache.parquet"
    )


@answers_in(Form.TEXT)
@require_safe
@never_cache
def ids_as_text(request: HttpRequest, old: str, new: str) -> HttpResponseBase:
    queries.find_pair(old, new)
    try:
        row = queries.get_complete(old, new)
    except NotComputedError as exc:
        return HttpResponse(f"{exc}\n", status=409, content_type="text/plain; charset=utf-8")
    parts = ("".join(f"{each}\n" for each in block) for block in ids_in_blocks(row))
    return StreamingHttpResponse(parts, content_type="text/plain; charset=utf-8")


@answers_in(Form.JSON)
@require_safe
@never_cache
def ids_as_json(request: HttpRequest, old: str, new: str) -> HttpResponseBase:
    queries.find_pair(old, new)
    try:
        row = queries.get_complete(old, new)
    except NotComputedError as exc:
        return JsonResponse({"error": str(exc)}, status=409)
    parts = json_object(queries.result(row), "affected_ids", ids_in_blocks(row))
    return StreamingHttpResponse(parts, content_type="application/json")
