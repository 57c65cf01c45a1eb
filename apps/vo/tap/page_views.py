"""The page for people: what is published, how to connect, and examples that run with one click."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.throttle import address_of
from apps.vo.addresses import ClientOrigin, base_of
from apps.vo.adql.dialect import MAX_LENGTH
from apps.vo.adql.translate import translate
from apps.vo.database.reading import open_query
from apps.vo.database.running_query import Clock
from apps.vo.errors import VoError
from apps.vo.identity.rate_limit import count
from apps.vo.identity.reader import Reader
from apps.vo.tables.catalogue import OWN_TABLES
from apps.vo.tables.facts import Facts
from apps.vo.tap.examples import EXAMPLES
from apps.vo.tap.sync_views import REMEDY
from apps.vo.writers.values import texts_of

SHOWN_ROWS = 50
PAGE_SECONDS = 10


@require_safe
def tap(request: HttpRequest) -> HttpResponse:
    base = base_of(request)
    query = request.GET.get("query", "")[: MAX_LENGTH + 1]
    page: dict[str, Any] = {
        "address": base.of("vo:tap"),
        "examples": EXAMPLES,
        "limits": _limits(),
        "links": {name: base.of(f"vo:{name}") for name in ("token", "links", "associations", "explain")},
        "programs": _programs(base),
        "query": query,
        "rows_shown": SHOWN_ROWS,
        "tables": OWN_TABLES,
    }
    if query.strip():
        page |= _run(query, base, address_of(request))
    return render(request, "vo/tap.html", {"page": page})


def _programs(base: ClientOrigin) -> dict[str, str]:
    """Return the lines by which each program connects, to be copied."""
    address, token = base.of("vo:tap"), base.of("vo:token")
    return {
        "pyvo": "\n".join(
            (
                "import pyvo",
                f'tap = pyvo.dal.TAPService("{address}")',
                'query = "SELECT TOP 5 name, instrument, filekind FROM crds.files"',
                "print(tap.search(query).to_table())",
            )
        ),
        "stilts": f'stilts tapquery tapurl={address} adql="SELECT * FROM crds.contexts" ofmt=ascii',  # noqa: S608
        "astroquery": "\n".join(
            (
                "from astroquery.utils.tap.core import TapPlus",
                f'tap = TapPlus(url="{address}")',
                'print(tap.launch_job("SELECT TOP 5 name FROM crds.files").get_results())',
            )
        ),
        "token": "\n".join(
            (
                "import requests",
                'form = {"grant_type": "password", "username": "me", "password": "…"}',
                f'token = requests.post("{token}", data=form).json()["access_token"]',
                "session = requests.Session()",
                'session.headers["Authorization"] = "Bearer " + token',
                f'tap = pyvo.dal.TAPService("{address}", session=session)',
            )
        ),
    }


def _run(query: str, base: ClientOrigin, address: str) -> dict[str, Any]:
    """Return the first rows of a query as anybody sees them, or the reason why there are none."""
    reader = Reader(address=address)
    try:
        count(reader)
        statement = translate(
            query, vendor=connection.vendor, facts=Facts(base, reader), limit=SHOWN_ROWS + 1
        )
        cursor = open_query(statement.sql, Clock(PAGE_SECONDS, REMEDY))
        try:
            rows = [row for batch in cursor.batches() for row in batch]
        finally:
            cursor.close()
    except VoError as exc:
        return {"error": str(exc)}
    shown = list(zip(*texts_of(rows[:SHOWN_ROWS], statement.columns), strict=True)) if rows else []
    return {
        "columns": [column.name for column in statement.columns],
        "rows": [[_cell(text) for text in row] for row in shown],
        "has_more": len(rows) > SHOWN_ROWS,
    }


def _cell(text: str) -> dict[str, str]:
    """Return a cell; an address in it becomes a link."""
    is_address = text.startswith(("http://", "https://")) and " " not in text
    return {"text": text, "address": text if is_address else ""}


def _limits() -> list[tuple[str, str]]:
    return [
        ("Rows of an answer", f"{settings.TAP_ROWS:,}, and up to {settings.TAP_MAX_ROWS:,} with MAXREC"),
        ("Time of a query that is answered at once", f"{settings.TAP_SYNC_SECONDS} seconds"),
        (
            "Time of a query that runs as a job",
            f"{settings.TAP_ASYNC_SECONDS} seconds, and up to {settings.TAP_ASYNC_MAX_SECONDS} on request",
        ),
        ("Jobs of one person", f"{settings.TAP_JOBS_RUNNING} run at once, {settings.TAP_JOBS_KEPT} are kept"),
        (
            "Results of jobs",
            f"kept for {settings.TAP_JOB_DAYS} days, and up to {settings.TAP_JOB_MAX_DAYS} on request",
        ),
        ("Text of a query", f"{MAX_LENGTH:,} characters"),
    ]
