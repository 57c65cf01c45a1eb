"""Large downloads compared with a static file of the same server, the first byte of 3 GB, and small files.

The small files are the mappings of two contexts, the newest one and one that is chosen at random, each on a
connection of its own as the client fetches them. Run by ``python -m tests.bench downloads``.
"""

import http.client
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

from tests.bench.random_contexts import chooser, other_context
from tests.bench.web_server import WebServer, environment_for, web_server
from tests.roots import manage
from tests.rules.oracle import mapping_names
from tests.shared_data import data_root

NAME, HUGE_NAME = "jwst_miri_flat_0001.fits", "jwst_miri_flat_0002.fits"
NEWEST = "jwst_0541.pmap"
SIZE, HUGE = 1 << 30, 3 << 30  # bytes
FIRST_BYTE = 50  # milliseconds, the target
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
        huge = root / "huge.fits"
        with huge.open("wb") as stream:
            stream.truncate(HUGE)
        manage(environment, "shell", "--verbosity", "0", "--command", ADD.format(str(huge), HUGE_NAME))
        manage(environment, "import_cache", str(data_root()))
        chosen = other_context(NEWEST, chooser(out))
        with web_server(environment) as server:
            _first_bytes(server, out)
            _measure(server, out)
            for context in (NEWEST, chosen):
                _mappings(server, context, out)


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


def _first_bytes(server: WebServer, out: TextIO) -> None:
    """Measure how long it takes until a file of 3 GB begins to arrive, whole and in part."""
    _first_byte(server, "/healthz", {})  # `manage.py up` has loaded the views before it forks.
    path = FILE.replace(NAME, HUGE_NAME)
    for what, headers in (("of a part", {"Range": "bytes=0-99"}), ("of the whole", {})):
        first, *later = (_first_byte(server, path, headers) for _ in range(6))
        label, again = f"first byte {what}, 3 GB", statistics.median(later)
        out.write(f"{label:<40}{first:8.1f} ms, again {again:.1f} ms    target {FIRST_BYTE}\n")


def _first_byte(server: WebServer, path: str, headers: dict[str, str]) -> float:
    """Return the milliseconds until the first byte of an answer has come."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    started_at = time.perf_counter()
    try:
        connection.request("GET", path, headers=headers)
        connection.getresponse().read(1)
        return (time.perf_counter() - started_at) * 1e3
    finally:
        connection.close()


def _mappings(server: WebServer, context: str, out: TextIO) -> None:
    """Fetch all mappings of a context one after another, and compare their bytes with the data."""
    names, used, started_at = mapping_names(context), server.cpu_seconds(), time.perf_counter()
    fetched = {name: _content(server, f"/unchecked_get/mappings/jwst/{name}") for name in names}
    seconds, spent = time.perf_counter() - started_at, server.cpu_seconds() - used
    for name, content in fetched.items():
        if content != (data_root() / "mappings" / "jwst" / name).read_bytes():
            raise RuntimeError(f"{name} arrived with other bytes")
    label = f"{len(names)} mappings of {context}"
    rate = len(names) / seconds
    out.write(f"{label:<40}{rate:8.0f} files a second, {spent / len(names) * 1e6:.0f} us CPU each\n")


def _content(server: WebServer, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse().read()
    finally:
        connection.close()


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
