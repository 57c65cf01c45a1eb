"""Tables as CSV or JSON, for programs and spreadsheets."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from apps.core.tables.columns import Value, as_text
from apps.core.tables.table import FORMATS, Table

_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_CHUNK = 1000  # rows that a query fetches, and that are sent, at once
_FORMULA = frozenset("=+-@\t\r")  # first characters


def exported(request: HttpRequest, table: Table) -> HttpResponseBase | None:
    """Return all rows of all pages of the table, or None if the caller asks for a page.

    CSV has the names of the columns in its first line; JSON is ``{"columns": [names], "rows": [[values]]}``.
    Moments are ISO 8601, UTC. In CSV, a text that a spreadsheet would take for a formula gets an apostrophe
    in front.
    """
    wanted = _format(request, table)
    if not wanted:
        return None
    parts = _csv(table) if wanted == "csv" else _json(table)
    answer = StreamingHttpResponse(parts, content_type=_TYPES[wanted])
    name = re.sub(r"[^a-z0-9]+", "_", table.label.casefold()).strip("_") or "table"
    answer["Content-Disposition"] = f'attachment; filename="{name}.{wanted}"'
    answer["Vary"] = "Accept"
    return answer


def _format(request: HttpRequest, table: Table) -> str:
    form = str(table.sent.get(f"{table.prefix}format", ""))
    if form in FORMATS:
        return form
    if table.prefix or form:
        return ""
    preferred = request.get_preferred_type(["text/html", "application/json", "text/csv"])
    return {"application/json": "json", "text/csv": "csv"}.get(preferred or "", "")


def _blocks(table: Table) -> Iterator[list[tuple[Value, ...]]]:
    """Yield the exported values of all rows, a block of rows at a time, so that memory stays flat."""
    rows, values = _rows(table), [column.value for column in table.columns]
    while block := list(islice(rows, _CHUNK)):
        # Column by column, which takes less time than row by row.
        yield list(zip(*(map(value, block) for value in values), strict=True))


def _rows(table: Table) -> Iterator[Any]:
    found, light = table.found, table.light_row
    if isinstance(found, list):
        return iter(found)
    if light is None:
        return found.iterator(chunk_size=_CHUNK)
    rows = found.defer(None).values_list(*light._fields)
    return map(light._make, rows.iterator(chunk_size=_CHUNK))


def _csv(table: Table) -> Iterator[str]:
    rows = chain.from_iterable(_blocks(table))
    return csv_lines([column.name for column in table.columns], rows)


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    """Yield the lines of a CSV file, some hundred at once, the names of the columns first."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    left = iter(rows)
    while block := list(islice(left, _CHUNK)):
        writer.writerows([map(_harmless, row) for row in block])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def csv_file(name: str, names: Sequence[str], rows: Iterable[Sequence[Value]]) -> StreamingHttpResponse:
    """Return a CSV file to save under a name, sent while its rows are read."""
    answer = StreamingHttpResponse(csv_lines(names, rows), content_type=_TYPES["csv"])
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _harmless(value: Value) -> str | int | float:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in _FORMULA else value
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, bool) or value is None:
        return as_text(value)
    return value


def _json(table: Table) -> Iterator[str]:
    columns = json.dumps([column.name for column in table.columns])
    yield f'{{"columns": {columns}, "rows": ['
    begin = "\n"
    for block in _blocks(table):
        yield begin + ",\n".join(json.dumps(row, default=_iso) for row in block)
        begin = ",\n"
    yield "\n]}\n"


def _iso(value: Any) -> str:
    """Return a moment in UTC; `isoformat` takes a third of the time of formatting."""
    return f"{value.isoformat()[:19]}Z"
