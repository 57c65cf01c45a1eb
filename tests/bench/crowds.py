"""Many callers at once: a processing run, slow callers beside it, and more work than the server can do.

The server runs as `manage.py up` runs it, with two processes and without a worker. Run by
``python -m tests.bench crowds``.
"""

import sys
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

from tests import shared_data
from tests.bench import load
from tests.bench.downloads import ADD
from tests.bench.rpc import CONTEXT, make_headers, make_modes
from tests.bench.web_server import WebServer, environment_for, request, whole_server
from tests.core.web_server.callers import crowd
from tests.roots import manage

NAME = "hst_acs_0001_bia.fits"
SIZE = 64 << 20  # bytes of the file that the slow readers ask for
FILE = f"/unchecked_get/references/hst/{NAME}"
HALF_A_CALL = b'POST /json/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"jsonrpc"'
SLOW = {
    "alone": b"",
    "200 stalled readers": load.get(FILE),
    "200 half heads": b"GET / HTTP/1.1\r\nHost: loc",
    "200 half bodies": HALF_A_CALL,
}
OVERLOAD_SECONDS = 20.0
FLOOD = {"rate": 300.0, "seconds": 14.0}


def run(out: TextIO) -> None:
    """Print the figures with their targets."""
    with tempfile.TemporaryDirectory(prefix="bench-crowds-") as folder:
        root = Path(folder)
        environment = environment_for("hst", root)
        manage(environment, "import_cache", str(shared_data.data_root()))
        (root / "big").write_bytes(bytes(SIZE))
        manage(environment, "shell", "--verbosity", "0", "--command", ADD.format(str(root / "big"), NAME))
        with whole_server(environment) as server:
            _processing_runs(server, out)
            _slow_callers(server, out)
            _flood(server, out)
            _overload(server, out)


def _calls() -> list[bytes]:
    headers = make_headers(shared_data.data_root(), 500)
    modes = make_modes(headers, 4000)
    return [load.post(request("get_best_references", CONTEXT, header)) for header in modes]


def _processing_runs(server: WebServer, out: TextIO) -> None:
    """Measure the runs of a processing centre: 50 processes with 50 calls, and 200 with 26,000 each."""
    calls = _calls()
    load.closed_loop(server.port, calls, callers=8, calls=100, seconds=10)  # Load the context.
    for callers, number, bound in ((50, 50, 60.0), (200, 26_000, 20.0)):
        found = load.closed_loop(server.port, calls, callers=callers, calls=number, seconds=bound)
        target = "   target 4000" if callers == 50 else f"   ({bound:.0f} s of it)"
        label = f"{callers} callers x {number} calls"
        out.write(
            f"{label:<40}{found.rate:8.0f} Hz{target}, {load.percentile_text(found)}; {found.counts()}\n"
        )


def _slow_callers(server: WebServer, out: TextIO) -> None:
    """Measure calls and pages by two callers, with slow ones beside them."""
    calls, pages = _calls(), [load.get("/"), load.get("/login/")]
    for name, beginning in SLOW.items():
        beside: AbstractContextManager[Any] = crowd(server, beginning) if beginning else nullcontext()
        with beside:
            answered = load.closed_loop(server.port, calls, callers=2, calls=500, seconds=8)
            shown = load.closed_loop(server.port, pages, callers=2, calls=50, seconds=8)
        out.write(f"{'calls, ' + name:<40}{load.percentile_text(answered)}; {answered.counts()}\n")
        out.write(f"{'pages, ' + name:<40}{load.percentile_text(shown)}; {shown.counts()}\n")


def _flood(server: WebServer, out: TextIO) -> None:
    """Measure calls beside 200 slow callers and a flood of pages that cannot all be answered."""
    with crowd(server, SLOW["200 stalled readers"]):
        flood = Thread(target=load.open_loop, args=(server.port, [load.get("/")]), kwargs=FLOOD)
        flood.start()
        time.sleep(2)
        found = load.closed_loop(server.port, _calls(), callers=2, calls=1000, seconds=8)
        flood.join()
    label = f"calls, slow callers and {FLOOD['rate']:.0f} pages a second"
    out.write(f"{label:<40}{load.percentile_text(found)}   target p99 100; {found.counts()}\n")
    time.sleep(6)


def _overload(server: WebServer, out: TextIO) -> None:
    """Measure twice the arrivals that the server can answer: three pages and one call."""
    mixed = [load.get("/"), load.get("/context_table/hst-latest/"), load.get("/login/"), _calls()[0]]
    closed = load.closed_loop(server.port, mixed, callers=32, calls=10_000, seconds=8)
    out.write(f"{'capacity, 32 callers':<40}{closed.rate:8.0f} Hz, {load.percentile_text(closed)}\n")
    found = load.open_loop(server.port, mixed, rate=2 * closed.rate, seconds=OVERLOAD_SECONDS)
    refused = f"503 within {found.milliseconds(0.99, 503):.0f} ms (p99)"
    out.write(f"{'twice as many arrivals':<40}{found.rate:8.0f} Hz, {load.percentile_text(found)}\n")
    out.write(f"{'':<40}{found.counts()}; {refused}\n")
    time.sleep(6)
    after = load.closed_loop(server.port, mixed, callers=32, calls=10_000, seconds=5)
    out.write(f"{'afterwards, 32 callers':<40}{after.rate:8.0f} Hz; {after.counts()}\n")


if __name__ == "__main__":
    run(sys.stdout)
