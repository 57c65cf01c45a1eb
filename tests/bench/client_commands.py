"""Commands of the unmodified client against a server with many datasets.

Time is that of the command, CPU and memory are those of the server. The archive is that of
``python -m tests.bench archive``; `ARCHIVE_EXPOSURES` sets its size. `ARCHIVE_ROOT` and ``DATABASE_URL`` may
name one that is filled already. Run by ``python -m tests.bench client_commands``.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from tests.bench.archive import EXPOSURES, MODES, PAIRS, SEARCH, exposures
from tests.bench.web_server import WebServer, environment_for, web_server
from tests.needs import client_python
from tests.roots import manage
from tests.shared_data import data_root

SINCE = "2018-06-01"  # The client computes two contexts header by header, which takes it a while.
INSTRUMENT = "wfc3"  # One that the step changes.
AFFECTED = """
from crds.client import api
found = api.get_affected_datasets("hst", {old!r}, {new!r})
print(len(found["affected_ids"]), found["bestrefs_status"])
"""
IDS = 'from crds.client import api; print(len(api.get_dataset_ids("hst_0729.pmap", "{instrument}")))'
LAST_STEP = """
import json
from apps.reprocessing.queries import steps
known = steps()
print(json.dumps({"old": known[0].old, "new": known[0].new, "number": len(known)}))
"""
COUNTS = """
import json
from apps.datasets.models import Dataset
from apps.datasets.queries import observed_instruments
names = observed_instruments()
print(json.dumps({name: Dataset.objects.filter(instrument=name).count() for name in names}))
"""


def run(out: TextIO) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="bench-client-") as folder, _archive(Path(folder)) as environment:
        last = _printed(environment, LAST_STEP)
        for old, new in {(old, new) for old, new, _target in PAIRS} | {(last["old"], last["new"])}:
            manage(environment, "shell", "--command", SEARCH.format(old=old, new=new))
        counts = _printed(environment, COUNTS)
        out.write(f"{sum(counts.values())} exposures: {counts}\n")
        with web_server(environment) as server:
            _measure(out, server, Path(folder) / "cache", counts, last["number"])


def _printed(environment: dict[str, str], code: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        manage(environment, "shell", "--command", code).strip().splitlines()[-1]
    )
    return found


@contextmanager
def _archive(folder: Path) -> Iterator[dict[str, str]]:
    extra = {"DATABASE_URL": os.environ["DATABASE_URL"]} if "DATABASE_URL" in os.environ else {}
    if "ARCHIVE_ROOT" in os.environ:
        yield environment_for("hst", Path(os.environ["ARCHIVE_ROOT"]), **extra)
        return
    environment = environment_for("hst", folder / "root", **extra)
    manage(environment, "import_cache", str(data_root()))
    path = folder / "datasets.jsonl"
    with path.open("w") as stream:
        stream.writelines(exposures(EXPOSURES, MODES))
    manage(environment, "import_datasets", str(path))
    yield environment


def _measure(out: TextIO, server: WebServer, cache: Path, counts: dict[str, int], step: int) -> None:
    cache.mkdir()
    call = _client(server, cache)
    largest = max(counts, key=counts.__getitem__)
    crds = str(client_python().parent / "crds")
    contexts = ("--old-context", PAIRS[0][0], "--new-context", PAIRS[0][1])
    chosen = ("--instruments", INSTRUMENT, "--datasets-since", SINCE)
    some = ("L00000000:L00000000", "L00000000:L00000001", "L00000001:L00000003")
    steps: list[tuple[str, tuple[str, ...]]] = [
        ("crds sync of the rules", (crds, "sync", "--contexts", PAIRS[0][0], PAIRS[0][1])),
        *(
            (f"get_affected_datasets {old} {new}", ("-c", AFFECTED.format(old=old, new=new)))
            for old, new, _ in PAIRS
        ),
        (f"get_dataset_ids {largest}", ("-c", IDS.format(instrument=largest))),
        ("crds query_affected, last step", (crds, "query_affected", "-x", str(step - 1), "-y", str(step))),
        (
            f"crds bestrefs {INSTRUMENT} since {SINCE}",
            (crds, "bestrefs", *chosen, *contexts, "--print-affected"),
        ),
        (
            "crds sync --dataset-ids",
            (crds, "sync", "--contexts", PAIRS[0][1], "--dataset-ids", *some, "--dry-run"),
        ),
    ]
    for title, command in steps:
        cpu, started = server.cpu_seconds(), time.monotonic()
        done = call(*command)
        wall, cpu = time.monotonic() - started, server.cpu_seconds() - cpu
        lines = done.stdout.split()
        last = (done.stderr.strip().splitlines() or [""])[-1][:90]
        out.write(
            f"{title:<58}{wall:8.1f} s, server {cpu:6.2f} s CPU and {server.resident_bytes() >> 20} MB; "
            f"status {done.returncode}, {len(lines)} words, {' '.join(lines[:2])[:40]} | {last}\n"
        )
        out.flush()


def _client(server: WebServer, cache: Path) -> Callable[..., Any]:
    environment = {
        "PATH": f"{client_python().parent}:{os.environ['PATH']}",
        "HOME": str(cache),
        "CRDS_SERVER_URL": f"http://localhost:{server.port}",
        "CRDS_OBSERVATORY": "hst",
        "CRDS_PATH": str(cache),
    }

    def call(*command: str) -> Any:
        return subprocess.run(
            [str(client_python()), *command],
            cwd=cache,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    return call
