"""Speed and memory of a large download, compared with a static file of the same server.

Run by ``python -m tests.bench downloads``.
"""

import http.client
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

from tests.bench.web_server import WebServer, environment_for, web_server
from tests.roots import manage

NAME = "jwst_miri_flat_0001.fits"
SIZE = 1 << 30  # bytes
TURNS = 7
STATIC = "/static/big.bin"
FILE = f"/unchecked_get/references/jwst/{NAME}"
# What a management command would do, were there one for a single file.
ADD = (
    "from pathlib import Path; from apps.catalog.operations import add_file; "
    "add_file(Path({!r}), name={!r}, user='bench')"
)


def run(out: TextIO) -> None:
    """Print the figures with their targets."""
    with tempfile.TemporaryDirectory(prefix="bench-downloads-") as folder:
        root = Path(folder)
        environment = environment_for("jwst", root)
        big = root / "static" / "big.bin"
        _write(big)
        manage(environment, "shell", "--verbosity", "0", "--command", ADD.format(str(big), NAME))
        with web_server(environment) as server:
            _measure(server, out)


def _write(path: Path) -> None:
    block = os.urandom(1 << 20)
    with path.open("wb") as stream:
        for _ in range(SIZE // len(block)):
            stream.write(block)


def _measure(server: WebServer, out: TextIO) -> None:
    first = _fetch(server, FILE)
    _fetch(server, STATIC)
    before = server.resident_bytes()
    cpu: dict[str, list[float]] = {STATIC: [], FILE: []}
    seconds: dict[str, list[float]] = {STATIC: [], FILE: []}
    for path in [STATIC, FILE] * TURNS:
        used = server.cpu_seconds()
        seconds[path].append(_fetch(server, path))
        cpu[path].append(server.cpu_seconds() - used)
    rates = {path: SIZE / statistics.median(times) / 1e6 for path, times in seconds.items()}
    spent = {path: statistics.median(times) for path, times in cpu.items()}
    grown = (server.resident_bytes() - before) / 1e6
    out.write(f"{'static file':<40}{rates[STATIC]:8.0f} MB/s, {spent[STATIC]:.2f} s CPU\n")
    out.write(f"{'catalogued file':<40}{rates[FILE]:8.0f} MB/s, {spent[FILE]:.2f} s CPU\n")
    out.write(f"{'catalogued / static':<40}{rates[FILE] / rates[STATIC]:8.2f}    target 0.90\n")
    out.write(f"{'first download, bytes compared before':<40}{first:8.2f} s\n")
    out.write(f"{'memory of the server':<40}{before / 1e6:8.0f} MB, grown by {grown:.1f} MB\n")


def _fetch(server: WebServer, path: str) -> float:
    """Return the seconds a download takes; its bytes go nowhere."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    buffer = bytearray(1 << 20)
    started_at = time.perf_counter()
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        got = 0
        while count := response.readinto(buffer):
            got += count
    finally:
        connection.close()
    if (response.status, got) != (200, SIZE):
        raise RuntimeError(f"{path} answered {response.status} with {got} bytes")
    return time.perf_counter() - started_at


if __name__ == "__main__":
    run(sys.stdout)
