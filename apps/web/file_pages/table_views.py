"""The page of a table inside a FITS reference: its rows by pages, and a curve of two columns."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.catalog.reading import checked_path
from apps.catalog.states import FileKind, FileState
from apps.certify.table_reading.runner import read_table
from apps.certify.table_reading.values import MOST_COLUMNS, MOST_ROWS, Curve, ReadTable, TableRequest
from apps.rules.errors import CrdsError
from apps.web.file_pages.curve_chart import chart_of

LONGEST_NAME = 80  # characters of a column


@require_safe
def table(request: HttpRequest, name: str) -> HttpResponse:
    file = _require_reference(name)
    wanted = wanted_part(request.GET)
    other = request.GET.get("against", "").strip()
    page: dict[str, object] = {"file": file, "against": other}
    try:
        found = read_table(checked_path(file), wanted, observatory=settings.OBSERVATORY)
        curves = list(_curves(file.name, other, found))
    except CrdsError as exc:
        page["error"] = str(exc)
    else:
        page |= {"found": found, "chart": chart_of(curves), **_links(request.GET, found, wanted)}
    return render(request, "web/file_table.html", {"page": page})


def _require_reference(name: str) -> File:
    file = catalog.find_file(name)
    if file is None or file.kind != FileKind.REFERENCE or file.state == FileState.UPLOADED:
        raise Http404(f"No reference has the name {name[:128]!r}.")
    return file


def _curves(name: str, other: str, found: ReadTable) -> Iterator[tuple[str, Curve]]:
    """Yield the curve of a file, and the same curve of another file if that has such columns."""
    if found.curve is None:
        return
    yield name, found.curve
    if not other:
        return
    x, y = found.curve.x, found.curve.y
    wanted = TableRequest(part=found.number, x=x, y=y)
    beside = read_table(checked_path(_require_reference(other)), wanted, observatory=settings.OBSERVATORY)
    if beside.curve and (beside.curve.x, beside.curve.y) == (x, y):
        yield other, beside.curve


def wanted_part(sent: QueryDict) -> TableRequest:
    part = _whole(sent.get("part", ""))
    return TableRequest(
        part=part,
        first_row=max(0, (_whole(sent.get("row", "")) or 1) - 1),
        first_column=max(0, (_whole(sent.get("column", "")) or 1) - 1),
        x=sent.get("x", "")[:LONGEST_NAME],
        y=sent.get("y", "")[:LONGEST_NAME],
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 12 else None


def _links(sent: QueryDict, found: ReadTable, wanted: TableRequest) -> dict[str, object]:
    """Return the addresses of the parts before and after, and of the other tables."""
    first = min(wanted.first_row, max(0, found.rows - 1))
    last = min(first + MOST_ROWS, found.rows)
    column = wanted.first_column

    def at(**changes: object) -> str:
        query = sent.copy()
        for name, value in changes.items():
            query[name] = str(value)
        return f"?{query.urlencode()}"

    return {
        "first": first + 1,
        "last": last,
        "rows": list(zip(*(each.first for each in found.columns), strict=True)),
        "previous_rows": at(row=max(0, first - MOST_ROWS) + 1) if first else "",
        "next_rows": at(row=last + 1) if last < found.rows else "",
        "previous_columns": at(column=max(0, column - MOST_COLUMNS) + 1) if column else "",
        "next_columns": at(column=column + MOST_COLUMNS + 1) if found.columns_left else "",
        "tables": [(each, f"?{urlencode({'part': each.number})}") for each in found.tables],
    }
