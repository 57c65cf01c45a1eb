"""Pages, methods and published data with a made-up catalogue of 500,000 files and 5,000 contexts.

Run by ``python -m tests.bench catalogue``: on SQLite, and on PostgreSQL too if ``DATABASE_URL`` names an
empty database of it. It takes ten minutes and 2 GB below the folder of temporary files.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from tests.bench.web_server import environment_for
from tests.roots import PROJECT

STEPS = ("tests.bench.large_catalogue", "tests.bench.catalogue_requests")


def run(out: TextIO) -> None:
    """Print the figures of each database."""
    given = os.environ.get("DATABASE_URL", "")
    for address in ("", *([given] if given.startswith("postgres") else [])):
        with tempfile.TemporaryDirectory(prefix="bench-catalogue-") as folder:
            out.write(f"{'PostgreSQL' if address else 'SQLite'}\n")
            out.flush()
            _measure(Path(folder), address, out)


def _measure(root: Path, address: str, out: TextIO) -> None:
    environment = environment_for("hst", root, **({"DATABASE_URL": address} if address else {}))
    for module in STEPS:
        # The logs of refused requests, which some of the addresses are, are left out.
        done = subprocess.run(
            [sys.executable, "-m", module],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{module} ended with {done.returncode}:\n{done.stderr[-4000:]}")
        out.write(done.stdout)
        out.flush()
