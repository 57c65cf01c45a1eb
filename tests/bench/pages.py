"""Time and size of each kind of page with the real hst catalogue, and its first paint.

Run by ``python -m tests.bench pages``.
"""

import http.client
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TextIO

from playwright.sync_api import sync_playwright

from tests.bench.web_server import WebServer, environment_for, web_server
from tests.roots import manage
from tests.shared_data import data_root

MOST_SECONDS, FIRST_PAINT, MOST_BYTES = 0.150, 1.0, 300_000  # the targets
ROUNDS = 9
# Answers with the milliseconds at which something was first seen, even if that is still to come.
PAINTED = """new Promise((told) => new PerformanceObserver((list) => {
  for (const entry of list.getEntriesByName("first-contentful-paint")) { told(entry.startTime); }
}).observe({type: "paint", buffered: true}))"""
PAGES = {
    "home": "/",
    "context history": "/display_context_history/",
    "table of a past context": "/context_table/hst_0500.pmap",
    "its largest type": "/context_table/hst_0500.pmap/acs/darkfile/",
    "a context's map": "/context_map/hst_0729.pmap/acs/",
    "details of a pmap": "/browse/hst_0729.pmap",
    "details of an rmap": "/browse/hst_cos_deadtab_0250.rmap",
    "details of a reference": "/browse/s7g1700gl_dead.fits",
    "an unknown file": "/browse/nothing_of_this_name.fits",
    "browse, no filter": "/browse_db/?extension=*",
    "browse, by type": "/browse_db/?extension=*&instrument=acs&reference_type=darkfile",
    "browse, by pattern": "/browse_db/?extension=*&filename=*a*_drk.fits",
    "two neighbouring contexts": "/difference/?file1=hst_0728.pmap&file2=hst_0729.pmap",
    "two contexts far apart": "/difference/?file1=hst_0003.pmap&file2=hst_0729.pmap",
    "best references": "/bestrefs/",
    "explore acs": "/bestrefs_explore/hst_0729.pmap/acs/",
    "activity": "/recent_activity/?extension=*",
    "search": "/search/?q=drk",
}


def run(out: TextIO) -> None:
    """Print milliseconds, uncompressed kilobytes, and the first paint of the home page."""
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
        environment = environment_for("hst", Path(folder))
        manage(environment, "import_cache", str(data_root()))
        with web_server(environment) as server:
            for what, address in PAGES.items():
                status, seconds, size = _measure(server, address)
                out.write(
                    f"{what:<28}{status:5}{seconds * 1e3:8.0f} ms  target {MOST_SECONDS * 1e3:.0f}"
                    f"{size / 1e3:8.0f} kB  target {MOST_BYTES / 1e3:.0f}\n"
                )
            paint = _first_paint(f"http://localhost:{server.port}/")
            out.write(f"first paint of the home page in Chromium {paint:.2f} s  target {FIRST_PAINT:g}\n")


def _measure(server: WebServer, address: str) -> tuple[int, float, int]:
    """Return status, median seconds of a warm process, and bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    taken = []
    for _ in range(ROUNDS + 1):
        started_at = time.perf_counter()
        connection.request("GET", address, headers={"Host": "localhost"})
        answer = connection.getresponse()
        body = answer.read()
        taken.append(time.perf_counter() - started_at)
    return answer.status, statistics.median(taken[1:]), len(body)


def _first_paint(url: str) -> float:
    """Return the seconds from the request to the first paint, the median of some new profiles."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), headless=True, chromium_sandbox=False
        )
        found = []
        for _ in range(ROUNDS):
            page = browser.new_page()
            page.goto(url)
            found.append(float(page.evaluate(PAINTED)) / 1e3)
            page.close()
        browser.close()
    return statistics.median(found)
