"""The requests that are timed on the large catalogue: each page that a GET shows, and the heavy methods.

``python -m tests.bench.catalogue_requests`` prints them for the server of its environment, which
`tests.bench.large_catalogue` has filled. The time is that of the application with its middleware, without the
web server.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, TextIO

import django

if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import setup_test_environment

from apps.catalog import audit
from apps.catalog.models import File
from apps.distribution import derived_data, server_info, snapshot
from apps.submissions.models import Submission
from tests.bench.large_catalogue import PASSWORD
from tests.url_table import every_address

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
MOST = 0.150  # seconds of a page
INFO, ROWS_A_SECOND = 0.5, 50_000  # the other targets
# Addresses that give no page: they act, log in, listen for minutes, or hand out bytes.
NO_PAGES = frozenset(
    {
        *("theme", "logout", "log_out", "sso", "callback", "events", "download", "any_file", "no_pickle"),
        *("json", "deliveries", "health", "ready", "users_guide", "export", "import", "messages"),
    }
)


def pages() -> list[str]:
    """Return the address of each page, from the URL table, and the same pages with usual arguments."""
    found = {address.path: address for address in every_address(_Values(_values()))}
    plain = [path for path, address in found.items() if address.name not in NO_PAGES]
    unlike = {path.rstrip("/"): path for path in plain if "static" not in path}
    return [*unlike.values(), *_with_arguments()]


class _Values(dict[str, str]):
    """Values of parameters; one that is not known has a value that names nothing."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or "/" not in str(name)

    def __missing__(self, name: str) -> str:
        return "none"


def _values() -> dict[str, str]:
    newest = File.objects.filter(kind="reference").order_by("-pk")[0]
    submission = Submission.objects.order_by("-pk")[1]
    return {
        "browse/name": newest.name,
        "context": "hst-latest",
        "certify_file/name": newest.name,
        "delivery/name": submission.delivery,
        "delivery/what": "failed",
        "delivery_status/name": submission.delivery,
        "display_result/key": str(submission.key),
        "folder": "mappings",
        "get/name": newest.name,
        "instrument": newest.instrument,
        "jpoll/key": "none",
        "looks/name": newest.name,
        "looks/sha1sum": newest.sha1sum,
        "new": "hst_0002.pmap",
        "observatory": settings.OBSERVATORY,
        "old": "hst_0001.pmap",
        "pk": "1",
        "reftype": newest.filekind,
        "specifier": "hst-latest",
        "submission_history/key": str(submission.key),
        "unchecked_get/name": newest.name,
        "upload/name": "none.fits",
        "upload/token": "none",
        "username": "homer",
    }


def _with_arguments() -> list[str]:
    middle = File.objects.filter(kind="reference").order_by("pk")[File.objects.count() // 3]
    rmap = File.objects.filter(name__endswith=".rmap").order_by("-pk")[40]
    imap = File.objects.filter(name__endswith=".imap").order_by("-pk")[40]
    contexts = [name for (name,) in _pmaps()]
    old, late = contexts[len(contexts) // 4], contexts[-30]
    return [
        *(f"/browse/{name}" for name in (middle.name, rmap.name, imap.name, old, late, "nothing_drk.fits")),
        f"/browse/{late}?format=json",
        f"/context_table/{old}/",
        f"/context_table/{old}/{middle.instrument}/",
        "/context_table/hst_99999.pmap/",
        "/context_map/hst-edit/acs/",
        "/browse_db/?extension=*",
        "/browse_db/?extension=*&page=200",
        "/browse_db/?extension=*&page=99999",
        "/browse_db/?extension=*&sort=-delivery_date",
        "/browse_db/?extension=*&sort=name",
        "/browse_db/?extension=*&sort=-useafter_date",
        "/browse_db/?extension=*&sort=description",
        "/browse_db/?extension=*&search=cycle",
        "/browse_db/?extension=*&search=drk",
        f"/browse_db/?extension=*&instrument={middle.instrument}&reference_type={middle.filekind}",
        "/browse_db/?extension=*&instrument=acs",
        "/browse_db/?extension=*&filename=*a*_drk.fits",
        "/browse_db/?extension=*&filename=hst_acs_*",
        "/browse_db/?extension=*&status=bad",
        "/browse_db/?extension=*&status=latest",
        "/browse_db/?extension=.fits&status=archived&start_date=2020-01-01&stop_date=2020-12-31",
        "/browse_db/?extension=*&user=homer",
        "/recent_activity/?extension=*",
        "/recent_activity/?extension=*&page=500",
        "/recent_activity/?extension=*&sort=filename",
        "/recent_activity/?extension=*&search=cycle",
        "/recent_activity/?extension=*&action=rename",
        "/recent_activity/?extension=.fits&instrument=acs",
        "/recent_activity/?extension=*&filename=*_drk.fits",
        f"/search/?q={middle.name}",
        f"/search/?q={middle.sha1sum}",
        "/search/?q=drk",
        "/search/?q=drk&format=json",
        "/search/?q=acs+darkfile",
        "/search/?q=nothing_like_it",
        "/search/?q=*_drk.fits",
        "/search/?q=hst_4",
        f"/search/?q={middle.uploaded_as[:12]}",
        f"/difference/?file1={contexts[-31]}&file2={late}",
        f"/difference/?file1={old}&file2={late}",
        f"/display_all_contexts/?search={late[4:8]}",
        "/display_all_contexts/?show=all",
        "/display_context_history/?sort=context",
        "/submission_history/?search=cycle",
        "/submission_history/?page=20",
        "/delivery_status/?status=archived",
        "/delivery_status/?text=acs",
        "/bestrefs_explore/hst-latest/acs/",
        "/mark_files_bad/",
        f"/reprocessing/{old}/{late}/",
    ]


def _pmaps() -> Iterable[tuple[str]]:
    rows = File.objects.filter(name__endswith=".pmap").order_by("pk")
    return rows.values_list("name")


def run(out: TextIO) -> None:
    """Print the time, the number of queries and the size of each page, and the other figures."""
    setup_test_environment()
    for who, browser in (("anybody", _browser("")), ("admin", _browser("homer"))):
        for path in pages():
            seconds, own, queries, status, size = _page(browser, path)
            mark = "  above the target" if seconds > MOST else ""
            line = f"{seconds * 1e3:8.0f} ms ({own * 1e3:.0f} ms of CPU){queries:5} queries{status:5}"
            out.write(f"{who:<8}{line}{size / 1e3:8.0f} kB  {path}{mark}\n")
            out.flush()
    _methods(out)
    _published(out)
    _exports(out)


def _browser(user: str) -> Client:
    browser = Client(headers={"Host": "localhost", "Referer": "http://localhost/"})
    if user:
        answer = browser.post("/login/", {"username": user, "password": PASSWORD, "instrument": "none"})
        assert answer.status_code == 302, answer.content
    return browser


def _page(browser: Client, path: str) -> tuple[float, float, int, int, int]:
    """Return the medians of seconds and of our CPU seconds, the queries, the status and the bytes."""
    taken, own = [], []
    connection.force_debug_cursor = True
    for _ in range(ROUNDS + 1):
        reset_queries()
        started_at, used = time.perf_counter(), time.process_time()
        answer = browser.get(path)
        size = len(answer.getvalue())
        taken.append(time.perf_counter() - started_at)
        own.append(time.process_time() - used)
    queries = len(connection.queries)
    connection.force_debug_cursor = False
    medians = statistics.median(taken[1:]), statistics.median(own[1:])
    return (*medians, queries, answer.status_code, size)


def _methods(out: TextIO) -> None:
    browser = Client(headers={"Host": "localhost"})
    calls: tuple[tuple[str, list[Any]], ...] = (
        ("list_references", ["hst", "nothing*"]),
        ("list_references", ["hst", "*_nothing.fits"]),
        ("list_references", ["hst", "*"]),
        ("list_mappings", ["hst", "*"]),
        ("list_mappings", ["hst", "*.pmap"]),
        ("get_dataset_ids", ["hst-latest", "acs"]),
        ("get_file_info", ["hst", _values()["browse/name"]]),
        ("get_file_info_map", ["hst", None, ["sha1sum", "size"]]),
        ("get_context_history", ["hst"]),
        ("get_context_by_date", ["hst-2015-01-01", "hst"]),
        ("get_mapping_names", ["hst-latest"]),
        ("get_reference_names", ["hst-latest"]),
    )
    for method, params in calls:
        body = json.dumps({"jsonrpc": "1.0", "method": method, "params": params, "id": "bench-14.0.3-1"})
        taken = []
        for _ in range(ROUNDS):
            started_at = time.perf_counter()
            answer = browser.post("/json/", body, content_type="application/x-www-form-urlencoded")
            content = answer.getvalue()
            taken.append(time.perf_counter() - started_at)
        failed = json.loads(content)["error"]
        out.write(
            f"{method} {params}: {statistics.median(taken) * 1e3:.0f} ms, {len(content) / 1e3:.0f} kB"
            f"{f' {failed}' if failed else ''}\n"
        )
    out.flush()


def _published(out: TextIO) -> None:
    """Print the time to make the published data first, and after a change of one file."""
    for name, make, target in (
        ("server_info", server_info.server_info, f"  target {INFO} s"),
        ("server_config", server_info.server_config, ""),
        ("sqlite_snapshot", snapshot.sqlite_snapshot, ""),
    ):
        first = _seconds(make)
        _change_one_file()
        changed = _seconds(make)
        warm = _seconds(make)
        derived_data._newest.clear()
        started = _seconds(make)
        out.write(
            f"{name}: first {first:.2f} s, after a change {changed:.2f} s{target}, warm {warm * 1e3:.1f} ms, "
            f"in a new process {started * 1e3:.0f} ms\n"
        )
        out.flush()


def _change_one_file() -> None:
    file = File.objects.filter(kind="reference").order_by("?")[0]
    file.comment = f"changed at {time.time()}"
    file.save()
    audit.count_change()


def _seconds(make: Callable[[], object]) -> float:
    started_at = time.perf_counter()
    make()
    return time.perf_counter() - started_at


def _exports(out: TextIO) -> None:
    """Print the rate and the memory of the export of all files."""
    browser = Client(headers={"Host": "localhost"})
    for form in ("csv", "json"):
        before, started_at, most, rows = _resident(), time.perf_counter(), 0, 0
        answer: Any = browser.get(f"/browse_db/?extension=*&format={form}")
        first = 0.0
        for block in answer.streaming_content:
            first = first or time.perf_counter() - started_at
            rows += block.count(b"\n")
            most = max(most, _resident())
            if time.perf_counter() - started_at > 60:
                break
        seconds = time.perf_counter() - started_at
        out.write(
            f"{form} of all files: {rows} rows in {seconds:.1f} s, {rows / seconds:,.0f} rows a second"
            f"  target {ROWS_A_SECOND:,}, first block after {first:.2f} s, "
            f"{(most - before) / 1e6:.0f} MB more memory\n"
        )
        out.flush()


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    run(sys.stdout)
