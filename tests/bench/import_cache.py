"""Time to import a whole cache, to import it again, and to be ready in a new process."""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

from tests.roots import PROJECT, manage
from tests.shared_data import data_root

OBSERVATORIES = ("hst", "jwst", "roman")

# Prints seconds for Django, for the latest context, and MB for all contexts that load.
COLD = """
import time; start = time.perf_counter()
import django; django.setup(); ready = time.perf_counter()
from apps.contexts import memory, queries
queries.context_for("latest"); answered = time.perf_counter()
print(f"{ready - start:.2f} s to start Django, {answered - ready:.3f} s to load latest")
def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
from apps.catalog.models import File
from apps.rules.errors import CrdsError
before, loaded = resident(), 0
for name in File.objects.filter(name__endswith=".pmap").values_list("name", flat=True):
    try: memory.pool().context(name); loaded += 1
    except CrdsError: pass
print(f"{loaded} contexts in {time.perf_counter() - answered:.1f} s, {resident() - before:.0f} MB more")
"""


def run(out: TextIO) -> None:
    """Print the figures of each observatory; the target is 60 s for the whole of hst on SQLite."""
    for observatory in OBSERVATORIES:
        with tempfile.TemporaryDirectory(prefix="crds-bench-") as folder:
            _measure(observatory, Path(folder), out)


def _measure(observatory: str, root: Path, out: TextIO) -> None:
    environment = os.environ | {
        "OBSERVATORY": observatory,
        "DATA_ROOT": str(root),
        "DATABASE_URL": f"sqlite:///{root}/crds.sqlite3",
        "DJANGO_SETTINGS_MODULE": "crds_server.settings",
    }
    options = ("--take-unknown", "--adopt", "roman_*") if observatory == "roman" else ()
    manage(environment, "migrate", "--verbosity", "0")
    for title in ("first", "again"):
        start = time.perf_counter()
        printed = manage(environment, "import_cache", str(data_root()), *options)
        seconds = time.perf_counter() - start
        summary = re.findall(r"^\d+ catalogued.*$", printed, re.MULTILINE)[-1]
        out.write(f"{observatory} {title}: {seconds:.1f} s; {summary}\n")
    done = subprocess.run(
        [sys.executable, "-c", COLD], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    out.write("".join(f"{observatory} new process: {line}\n" for line in done.stdout.splitlines()))
    out.flush()


if __name__ == "__main__":
    run(sys.stdout)
