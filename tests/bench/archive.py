"""The search for affected datasets in a synthetic archive of Hubble, with the real rules.

The modes are drawn from the cases of the rules, and exposures choose among them with a Zipf law, so that a
few modes have many exposures. Their starts are spread over 1996 to 2019. `ARCHIVE_EXPOSURES` and
`ARCHIVE_MODES` set the size, and ``DATABASE_URL`` may name a scratch database on PostgreSQL. Seconds of CPU
are those of our process and of the database together. Run by ``python -m tests.bench archive``.
"""

import itertools
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from tests.bench.rpc import make_headers
from tests.bench.web_server import environment_for
from tests.roots import manage
from tests.shared_data import data_root

EXPOSURES = int(os.environ.get("ARCHIVE_EXPOSURES", "1000000"))
MODES = int(os.environ.get("ARCHIVE_MODES", "12000"))
PAIRS = (("hst_0728.pmap", "hst_0729.pmap", 5.0), ("hst_0600.pmap", "hst_0729.pmap", 20.0))
BY_HEADER = 5_000  # exposures asked header by header, for comparison
FIRST_DAY = datetime(1996, 1, 1, tzinfo=UTC)
SECONDS = 24 * 365 * 24 * 3600

SEARCH = """
import json, resource, time
from apps.jobs.models import Job
from apps.jobs.pipeline import execute
from apps.reprocessing.models import Transition
from apps.reprocessing.operations import notice_changes, search
notice_changes()
Transition.objects.filter(status="pending").update(status="failed", reason="The benchmark asks by itself.")
row = search({old!r}, {new!r}, user="bench")
job = Job.objects.filter(kind="reprocessing", subject_id=row.pk).latest("pk")
Job.objects.exclude(pk=job.pk).delete()
before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
execute(job.pk)
after = resource.getrusage(resource.RUSAGE_SELF)
row.refresh_from_db()
print(json.dumps({{
    "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    "wall": time.monotonic() - started, "memory": after.ru_maxrss // 1024,
    "status": row.status, "affected": row.affected_count, "examined": row.examined_count,
}}))
"""
KEEP = """
import json, resource
from apps.bestrefs.models import ModeTimeline
from apps.bestrefs.pipeline import is_current, keep
before = resource.getrusage(resource.RUSAGE_SELF)
keep()
after = resource.getrusage(resource.RUSAGE_SELF)
assert is_current()
print(json.dumps({
    "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    "memory": after.ru_maxrss // 1024, "rows": ModeTimeline.objects.count(),
}))
"""
BY_HEADERS = """
import json, time
from apps.contexts.queries import get_context
from apps.datasets.models import Dataset
from apps.reprocessing.comparison import InstrumentComparison, changed_types, compare_headers
old, new = get_context({old!r}), get_context({new!r})
types = changed_types({old!r}, {new!r})
count, started = 0, time.process_time()
for instrument, kinds in types.items():
    rows = Dataset.objects.filter(instrument=instrument).order_by("pk")[: {count} // len(types)]
    exposures = [(row.dataset_id, row.header) for row in rows]
    compare_headers(InstrumentComparison(), old, new, instrument, exposures, kinds)
    count += len(exposures)
print(json.dumps({{"us": (time.process_time() - started) / max(count, 1) * 1e6}}))
"""


def run(out: TextIO) -> None:
    """Print the figures with their targets."""
    with tempfile.TemporaryDirectory(prefix="bench-archive-") as folder:
        extra = {"DATABASE_URL": os.environ["DATABASE_URL"]} if "DATABASE_URL" in os.environ else {}
        environment = environment_for("hst", Path(folder), **extra)
        manage(environment, "import_cache", str(data_root()))
        path = Path(folder) / "datasets.jsonl"
        with path.open("w") as stream:
            stream.writelines(exposures(EXPOSURES, MODES))
        database = environment["DATABASE_URL"].partition(":")[0]
        out.write(f"{EXPOSURES} exposures of {MODES} modes, {database}\n")
        started = time.monotonic()
        manage(environment, "import_datasets", str(path))
        out.write(f"{'import':<40}{EXPOSURES / (time.monotonic() - started):10.0f} rows/s, target 20000\n")
        started, before = time.monotonic(), database_seconds()
        kept = _last_line(environment, KEEP)
        cpu, wall = kept["cpu"] + database_seconds() - before, time.monotonic() - started
        title = "references in use, all worked out"
        out.write(
            f"{title:<40}{cpu:10.2f} s CPU, {wall:.2f} s wall, {kept['memory']} MB; {kept['rows']} rows\n"
        )
        for old, new, target in PAIRS:
            for title in ("first search, sorts exposures", "search"):
                _report(out, f"{old[4:8]} to {new[4:8]}, {title}", _search(environment, old, new), target)
            figures = _last_line(environment, BY_HEADERS.format(old=old, new=new, count=BY_HEADER))
            out.write(f"{'the same header by header':<40}{figures['us']:10.1f} us an exposure\n")


def _report(out: TextIO, title: str, figures: dict[str, Any], target: float) -> None:
    assert figures["status"] == "complete", figures
    out.write(
        f"{title:<40}{figures['cpu'] + figures['database']:10.2f} s CPU, target {target:g}"
        f" (database {figures['database']:.2f}); {figures['wall']:.2f} s wall, {figures['memory']} MB,"
        f" {figures['affected']} of {figures['examined']}\n"
    )


def _search(environment: dict[str, str], old: str, new: str) -> dict[str, Any]:
    before = database_seconds()
    figures = _last_line(environment, SEARCH.format(old=old, new=new))
    return figures | {"database": database_seconds() - before}


def _last_line(environment: dict[str, str], code: str) -> dict[str, Any]:
    printed = manage(environment, "shell", "--command", code)
    figures: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    return figures


def database_seconds() -> float:
    """Return the seconds of CPU that all processes of PostgreSQL have used, dead ones included.

    Return 0 if the archive is on SQLite, which works in our process.
    """
    ticks = 0
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, fields = stat.read_text().partition(") ")
        except OSError:
            continue
        if name.endswith("(postgres"):
            values = fields.split()
            parent = values[1]
            ticks += sum(map(int, values[11:13]))
            # The server process counts its dead children.
            ticks += sum(map(int, values[13:15])) if parent == "1" else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def exposures(count: int, modes: int) -> Iterator[str]:
    """Yield JSON lines of an import."""
    chance = random.Random(2026)
    headers = make_headers(data_root(), modes)
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(modes)))
    order = list(range(modes))
    chance.shuffle(order)
    for number in range(count):
        (rank,) = chance.choices(range(modes), cum_weights=weights)
        start = FIRST_DAY + timedelta(seconds=chance.randrange(SECONDS))
        header = headers[order[rank]] | {"DATE-OBS": f"{start:%Y-%m-%d}", "TIME-OBS": f"{start:%H:%M:%S}"}
        dataset_id = f"L{number // 3:08d}:L{number:08d}"
        yield json.dumps({"dataset_id": dataset_id, "header": header}) + "\n"
