"""Queries of the Virtual Observatory: a long answer, an empty one, links, and pages of a busy server.

Run by ``python -m tests.bench vo``. A table is also written by the usual library, for comparison.
"""

import gc
import http.client
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import urlencode

from tests.bench.web_server import WebServer, environment_for, web_server
from tests.roots import PROJECT, manage

FILES = 200_000
TURNS = 15
LIBRARY_ROWS = 10_000  # The usual library gets fewer: it would take minutes.

MAKE_FILES = f"""
from django.utils import timezone
from apps.catalog.models import File
text = "Delivered by the pipeline team after the review of the flight data."
File.objects.bulk_create([File(
    name=f"jwst_miri_flat_{{n:07}}.fits", kind="reference", observatory="jwst", instrument="miri",
    filekind="flat",
    size=n, sha1sum=f"{{n:040x}}", state="archived", held_at=timezone.now(), useafter_at=timezone.now(),
    deliverer="homer", creator="MIRI Team", description=text, pedigree="INFLIGHT 2024-01-01 2024-02-01",
    uploaded_as=f"flat_{{n}}.fits", history=text,
) for n in range({FILES})], batch_size=2000)
"""


@dataclass(frozen=True)
class LongAnswer:
    """One answer, measured while it arrives."""

    first_byte: float  # seconds
    whole: float  # seconds
    size: int  # bytes
    peak: int  # bytes of memory above those of the idle server
    cpu: float  # seconds of the server


def run(out: TextIO) -> None:
    """Print the figures with their targets."""
    with tempfile.TemporaryDirectory(prefix="bench-vo-") as folder:
        environment = environment_for("jwst", Path(folder)) | {"VO_REQUESTS_PER_MINUTE": "1000000"}
        out.write("filling a server with the demo and 200,000 made-up references ...\n")
        manage(environment, "seed_demo")
        manage(environment, "shell", "-c", MAKE_FILES)
        with web_server(environment) as server:
            _long_answer(server, out)
            _empty_answer(server, out)
            _links(server, out)
            _while_busy(server, out)
    _library(out)


def _get(server: WebServer, path: str, **parameters: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", f"{path}?{urlencode(parameters)}", headers={"Connection": "close"})
    return connection.getresponse()


def _ask(server: WebServer, query: str, **parameters: str) -> http.client.HTTPResponse:
    return _get(server, "/tap/sync", LANG="ADQL", QUERY=query, **parameters)


def _long_answer(server: WebServer, out: TextIO) -> None:
    _ask(server, "SELECT TOP 10 * FROM crds.files").read()
    idle = server.resident_bytes()
    found = min((_measured(server, idle) for _ in range(3)), key=lambda each: each.whole)
    _line(out, "first byte of 200,000 rows", found.first_byte * 1e3, "ms", "100")
    _line(
        out,
        f"rows a second ({found.size / 1e6:.0f} MB, 30 columns)",
        FILES / found.whole,
        "",
        "100,000 at least",
    )
    _line(out, "rows a second of CPU of the server", FILES / found.cpu, "", "")
    _line(out, "memory over idle", found.peak / 1e6, "MB", "60")


def _measured(server: WebServer, idle: int) -> LongAnswer:
    spent, started = server.cpu_seconds(), time.perf_counter()
    answer = _ask(server, "SELECT * FROM crds.files", MAXREC=str(FILES + 1000))
    answer.read(1)
    first, size, peak = time.perf_counter() - started, 1, 0
    while block := answer.read(1 << 20):
        size += len(block)
        peak = max(peak, server.resident_bytes() - idle)
    whole = time.perf_counter() - started
    return LongAnswer(first, whole, size, peak, server.cpu_seconds() - spent)


def _empty_answer(server: WebServer, out: TextIO) -> None:
    nothing = _median(lambda: _get(server, "/healthz").read())
    empty = _median(lambda: _ask(server, "SELECT name FROM crds.files WHERE name = 'nothing'").read())
    _line(out, "a query without rows, over a request that does nothing", (empty - nothing) * 1e3, "ms", "15")


def _links(server: WebServer, out: TextIO) -> None:
    text = _ask(server, "SELECT dataset_id FROM crds.datasets", RESPONSEFORMAT="tsv").read().decode()
    known = text.splitlines()[1:]
    body = urlencode([("ID", known[number % len(known)].lower()) for number in range(200)])

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        form = {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"}
        connection.request("POST", "/datalink/links", body, form)
        answer = connection.getresponse()
        if b"#calibration" not in answer.read():
            raise RuntimeError("the links hold no references")

    _line(out, "links of 200 dataset ids", _median(ask) * 1e3, "ms", "300")


def _while_busy(server: WebServer, out: TextIO) -> None:
    """Take all places by slow queries, and ask for the pages that must answer all the same."""
    tables = ", ".join(f"TAP_SCHEMA.columns AS t{number}" for number in range(9))
    threads = [
        threading.Thread(target=lambda: _ask(server, f"SELECT COUNT(*) FROM {tables}").read(), daemon=True)
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    time.sleep(1)
    for path in ("/tap/capabilities", "/tap/availability", "/tap/async", "/tap/tables"):
        seconds = _median(lambda path=path: _get(server, path).read(), turns=9)  # type: ignore[misc]
        _line(out, f"{path} while four queries run", seconds * 1e3, "ms", "100")
    refused = _ask(server, "SELECT TOP 1 name FROM crds.files")
    refused.read()
    if not any(thread.is_alive() for thread in threads) or refused.status != 503:
        raise RuntimeError("the places were not taken while the pages were measured")


def _library(out: TextIO) -> None:
    """Write a table of the same columns by the usual library, for comparison."""
    sys.path.insert(0, str(PROJECT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()

    import io

    from astropy.table import Table

    from apps.vo.adql.result_columns import ResultColumn
    from apps.vo.tables.columns import FieldFacts, ValueKind
    from apps.vo.writers import votable

    columns = [ResultColumn(f"c{number}", FieldFacts(ValueKind.TEXT)) for number in range(27)]
    rows = [tuple(f"text {number} of {row}" for number in range(27)) for row in range(LIBRARY_ROWS)]
    gc.collect()
    ours = _timed(lambda: sum(map(len, votable.write(columns, [rows]))))
    table = Table(rows=rows, names=[column.name for column in columns])
    theirs = _timed(lambda: table.write(io.BytesIO(), format="votable"))
    _line(out, f"{LIBRARY_ROWS} rows of 27 texts by our writer", ours, "s", "")
    _line(out, "the same by astropy", theirs, "s", "")


def _timed(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _median(function: Callable[[], object], *, turns: int = TURNS) -> float:
    function()
    return statistics.median(_timed(function) for _ in range(turns))


def _line(out: TextIO, what: str, value: float, unit: str, target: str) -> None:
    wanted = f"    target {target}" if target else ""
    out.write(f"{what:<62}{value:12,.1f} {unit}{wanted}\n")
