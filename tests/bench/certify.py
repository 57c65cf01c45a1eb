"""The cost of a child compared with ``crds certify``: one small FITS file, and twenty.

The plain command runs as a person runs it, once per file, in the client's environment and on the same rules.
"""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from apps.certify.runner import FileVerdict, Runner
from tests.factories.certify import CONTEXTS, make_job, run_job
from tests.needs import client_python
from tests.shared_data import data_root, sample_files

TARGET = 1.2  # times the plain command, for the first file
ROUNDS = 3
SAMPLES = {"hst": "s7g1700gl_dead.fits", "jwst": "jwst_miri_ipc_0004.fits"}


def run(out: TextIO) -> None:
    """Print seconds and ratios for each observatory."""
    for observatory, sample in SAMPLES.items():
        with tempfile.TemporaryDirectory(prefix="crds-bench-") as folder:
            _measure(observatory, sample_files() / observatory / sample, Path(folder), out)


def _measure(observatory: str, sample: Path, folder: Path, out: TextIO) -> None:
    plain = _median(lambda: _plain(observatory, sample, folder))
    cold = _timed(lambda: _cold(observatory, sample, folder))
    runner = Runner(observatory)
    try:
        run_job(runner, make_job(folder / "warm", observatory=observatory))
        one = _median(lambda: _job(runner, observatory, [sample], folder))
        many = _median(lambda: _job(runner, observatory, _copies(sample, folder, 20), folder))
        each = (many - one) / 19
    finally:
        runner.close()
    out.write(f"{observatory} crds certify, 1 file: {plain:.2f} s\n")
    for title, seconds, files in (
        ("started for it, 1 file", cold, 1),
        ("warm, 1 file", one, 1),
        ("warm, 20 files", many, 20),
        ("warm, each further file", each, 1),
    ):
        ratio = seconds / files / plain
        out.write(f"{observatory} {title}: {seconds:.2f} s, {ratio:.2f} per file (target {TARGET})\n")


def _median(work: Callable[[], object]) -> float:
    return statistics.median(_timed(work) for _ in range(ROUNDS))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _plain(observatory: str, sample: Path, folder: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CRDS_PATH": str(data_root()),
        "CRDS_READONLY_CACHE": "1",
        "CRDS_OBSERVATORY": observatory,
        "CRDS_SERVER_URL": f"https://{observatory}-serverless.stsci.edu",
    }
    command = [str(Path(client_python()).with_name("crds")), "certify", str(sample), "--run-fitsverify"]
    command += ["--dump-provenance", "--comparison-context", CONTEXTS[observatory]]
    subprocess.run(command, env=environment, cwd=folder, capture_output=True, check=False)


def _cold(observatory: str, sample: Path, folder: Path) -> None:
    runner = Runner(observatory)
    try:
        _job(runner, observatory, [sample], folder)
    finally:
        runner.close()


def _job(runner: Runner, observatory: str, files: list[Path], folder: Path) -> None:
    own = Path(tempfile.mkdtemp(dir=folder))
    events = run_job(runner, make_job(own, *files, observatory=observatory))
    assert sum(isinstance(event, FileVerdict) for event in events) == len(files)


def _copies(sample: Path, folder: Path, count: int) -> list[Path]:
    """Return as many files, of which each but the first goes by another name."""
    paths = [folder / f"copy{number}_{sample.name}" for number in range(count)]
    for path in paths:
        path.write_bytes(sample.read_bytes())
    return paths
