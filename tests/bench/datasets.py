"""Speed of importing datasets, and the cost of many headers in one call compared with the engine alone.

The import is measured on SQLite, and on PostgreSQL as well if ``DATABASE_URL`` names one: the wall clock of
the whole command, its start included. Run by ``python -m tests.bench datasets``.
"""

import gc
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO
from unittest import mock

from apps.rules.lookup.compiler import compile_mapping
from apps.rules.lookup.context import Context, assemble
from apps.rules.observatories import get_observatory
from tests import shared_data
from tests.bench.rpc import CONTEXT, Header, make_headers
from tests.bench.web_server import environment_for, request
from tests.roots import manage

ROWS = 100_000
PARKEYS = 60  # in a header; those of Hubble have 40 to 70.


def run(out: TextIO) -> None:
    """Print the figures with their targets."""
    with tempfile.TemporaryDirectory(prefix="bench-datasets-") as folder:
        path = Path(folder) / "datasets.jsonl"
        with path.open("w") as stream:
            stream.writelines(_lines(ROWS))
        out.write(f"{ROWS} JSON lines of {path.stat().st_size // ROWS} bytes\n")
        for url in (f"sqlite:///{folder}/bench.sqlite3", os.environ.get("DATABASE_URL", "")):
            if url:
                _import(path, url, Path(folder), out)
    _many_headers(out)


def _lines(count: int) -> Iterator[str]:
    fixed = {f"KEYWRD{number:02}": f"{number * 1.5}" for number in range(PARKEYS - 4)}
    for number in range(count):
        when = {"DATE-OBS": f"20{number % 20:02}-01-{1 + number % 28:02}", "TIME-OBS": "12:34:56.789"}
        header = {"INSTRUME": "WFC3", "FILTER": f"F{number % 900}W", **when, **fixed}
        exposure = f"I{number:08d}"
        row = {"dataset_id": f"{exposure[:-1]}0:{exposure}", "header": header, "prog_id": "12345"}
        yield json.dumps(row) + "\n"


def _import(path: Path, url: str, folder: Path, out: TextIO) -> None:
    """Import a file twice into a table that is empty at first, of our own or a scratch database."""
    environment = environment_for("hst", folder) | {"DATABASE_URL": url}
    manage(environment, "migrate", "--verbosity", "0")
    empty = (
        "from apps.datasets.models import Dataset; Dataset.objects.filter(product__startswith='I').delete()"
    )
    manage(environment, "shell", "--command", empty)
    for title in ("new rows", "equal rows"):
        started_at, cpu_before = time.perf_counter(), _cpu_of_children()
        manage(environment, "import_datasets", str(path))
        rate = ROWS / (time.perf_counter() - started_at)
        cpu = (_cpu_of_children() - cpu_before) / ROWS * 1e6
        name = f"import_datasets, {url.partition(':')[0]}, {title}"
        out.write(f"{name:<50}{rate:8.0f} rows/s    target 10000    {cpu:.0f} us CPU of ours a row\n")
    manage(environment, "shell", "--command", empty)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _many_headers(out: TextIO) -> None:
    """Compare one call with the engine, in this process, for new modes and for modes seen before."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    headers = make_headers(shared_data.data_root(), 1000)
    rounds = [_costs(headers) for _ in range(5)]
    for title, whole, alone in (("new modes", 0, 1), ("seen modes", 2, 3)):
        call, engine = (statistics.median(costs[place] for costs in rounds) for place in (whole, alone))
        ratio = f"{call * 1e3:8.1f} ms / {engine * 1e3:.1f} ms = {call / engine:.2f}    target 1.5"
        out.write(f"{'1000 headers in one call / engine, ' + title:<50}{ratio}\n")


def _costs(headers: list[Header]) -> list[float]:
    """Return seconds of CPU of the call and of the engine for new modes, then of both again for seen ones."""
    from apps.rpc.dispatcher import answer

    header_map = {f"H{index}": header for index, header in enumerate(headers)}
    body = request("get_best_references_by_header_map", CONTEXT, header_map)
    called, alone = _context(), _context()

    def call() -> Any:
        with mock.patch("apps.bestrefs.queries.context_for", return_value=called):
            return answer(body)

    def engine() -> Any:
        return [alone.best_references(header) for header in headers]

    # Each also makes the rules of an instrument at first use, which belongs to loading.
    for context in (called, alone):
        for header in headers[:30]:
            context.best_references(header)
    # A full collection that happens to fall into one of these short measurements would be all it shows.
    gc.collect()
    gc.freeze()
    return [_seconds(question) for question in (call, engine, call, engine)]


def _seconds(question: Any) -> float:
    started_at = time.process_time()
    question()
    return time.process_time() - started_at


def _context() -> Context:
    folder = shared_data.data_root() / "mappings" / "hst"
    waiting, mappings = [CONTEXT], {}
    while waiting:
        name = waiting.pop()
        mappings[name] = compile_mapping(
            (folder / name).read_text(), name=name, observatory=get_observatory("hst")
        )
        waiting.extend(mappings[name].children)
    return assemble(CONTEXT, mappings)
