"""Tables as CSV or JSON, for programs and spreadsheets."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from apps.core.tables.columns import Value, as_text
from apps.core.tables.table import FORMATS, Table

_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_CHUNK = 1000  # rows that a query fetches at once


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
    asked = str(table.sent.get(f"{table.prefix}format", ""))
    if asked in FORMATS:
        return asked
    if table.prefix or asked:
        return ""
    preferred = request.get_preferred_type(["text/html", "application/json", "text/csv"])
    return {"application/json": "json", "text/csv": "csv"}.get(preferred or "", "")


def _rows(table: Table) -> Iterator[list[Value]]:
    found = table.found
    rows = found if isinstance(found, list) else found.iterator(chunk_size=_CHUNK)
    return ([column.value(row) for column in table.columns] for row in rows)


class _Echo:
    """A file for the CSV writer that returns each line."""

    def write(self, line: str) -> str:
        return line


def _csv(table: Table) -> Iterator[str]:
    return csv_lines([column.name for column in table.columns], _rows(table))


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    """Yield the lines of a CSV file, the names of the columns first."""
    writer = csv.writer(_Echo())
    yield writer.writerow(names)
    for row in rows:
        yield writer.writerow([_harmless(value) for value in row])


def _harmless(value: Value) -> str | int | float:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, bool):
        return as_text(value)
    if isinstance(value, int | float):
        return value
    text = _iso(value) if isinstance(value, datetime) else as_text(value)
    return f"'{text}" if re.match(r"[=+\-@\t\r]", text) else text


def _json(table: Table) -> Iterator[str]:
    columns = json.dumps([column.name for column in table.columns])
    yield f'{{"columns": {columns}, "rows": ['
    for number, row in enumerate(_rows(table)):
        yield f"{',' if number else ''}\n{json.dumps(row, default=_iso)}"
    yield "\n]}\n"


def _iso(value: Any) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"
