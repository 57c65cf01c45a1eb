"""Speed and memory of a large upload, compared with a plain write to the disk.

Run by ``python -m tests.bench uploads``.
"""

import functools
import hashlib
import http.client
import json
import os
import secrets
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tests.bench.web_server import WebServer, environment_for, web_server
from tests.roots import manage

NAME = "big.fits"
SIZE = 2_000_000_000  # bytes
PIECE = 2_000_000  # bytes, as the client sends them
BOUNDARY = secrets.token_hex(16)  # as long as that of the client's library
BLOCK = os.urandom(PIECE)
ROUNDS = 3
WAYS = (("2 GB in pieces of 2 MB", PIECE), ("2 GB in one request", SIZE))


@dataclass(frozen=True)
class Figures:
    """One upload: MB/s of the disk just before and of the upload, seconds of the server's processor."""

    disk: float
    rate: float
    used: float


def run(out: TextIO) -> None:
    """Print the figures of each round, and their medians with the targets.

    The disk is measured again before each upload, since other work on the machine changes it: what one round
    says of it may be off by a factor of three, so that only the medians are compared.
    """
    with tempfile.TemporaryDirectory(prefix="bench-uploads-") as folder:
        root = Path(folder)
        environment = environment_for("jwst", root)
        printed = manage(environment, "create_account", "bench", "--role", "submitter", "--print-token")
        token = next(word for word in reversed(printed.split()) if len(word) > 30)
        found: dict[str, list[Figures]] = {what: [] for what, _ in WAYS}
        with web_server(environment) as server:
            for _ in range(ROUNDS):
                for what, piece in WAYS:
                    found[what].append(_measure(server, token, what, piece, _disk(root / "plain"), out))
        disk = statistics.median(figures.disk for each in found.values() for figures in each)
        for what, each in found.items():
            _sum_up(what, each, disk, out)


def _disk(path: Path) -> float:
    """Return how many MB/s go to the disk in sequence, until they are on it."""
    os.sync()
    started_at = time.perf_counter()
    with path.open("wb") as stream:
        for _ in range(SIZE // PIECE):
            stream.write(BLOCK)
        stream.flush()
        os.fsync(stream.fileno())
    rate = SIZE / (time.perf_counter() - started_at) / 1e6
    path.unlink()
    return rate


def _sum_up(what: str, each: list[Figures], disk: float, out: TextIO) -> None:
    """Print the medians of all rounds."""
    rate = statistics.median(figures.rate for figures in each)
    used = statistics.median(figures.used for figures in each)
    out.write(f"median: {what:<32}{rate:8.0f} MB/s, disk {disk:.0f}: {rate / disk:.2f}    target 0.60\n")
    out.write(f"{'median: processor time of the server':<40}{used:8.1f} s\n")


def _measure(server: WebServer, token: str, what: str, piece: int, disk: float, out: TextIO) -> Figures:
    os.sync()
    peak = _Peak(server)
    used, started_at = server.cpu_seconds(), time.perf_counter()
    item = _upload(server, token, piece)
    figures = Figures(disk, SIZE / (time.perf_counter() - started_at) / 1e6, server.cpu_seconds() - used)
    out.write(f"{what:<40}{figures.rate:8.0f} MB/s, disk just before {disk:.0f}\n")
    out.write(f"{'processor time of the server':<40}{figures.used:8.1f} s\n")
    out.write(f"{'memory of the server at most':<40}{peak.end() / 1e6:8.0f} MB    target 150\n")
    if item["sha1sum"] != _sha1sum():
        raise RuntimeError(f"the file arrived with sha1sum {item['sha1sum']}")
    # To replace it would be a part of the next upload, and takes nearly half a second.
    _delete(server, token, item["deleteUrl"])
    return figures


@functools.cache
def _sha1sum() -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    for _ in range(SIZE // PIECE):
        digest.update(BLOCK)
    return digest.hexdigest()


class _Peak(threading.Thread):
    """Looks at the memory of the server now and then."""

    def __init__(self, server: WebServer) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.most = 0
        self.stop = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.stop.wait(0.05):
            fields = Path(f"/proc/{self.server.worker}/status").read_text().splitlines()
            resident = [int(line.split()[1]) * 1024 for line in fields if line.startswith("VmRSS:")]
            self.most = max([self.most, *resident])

    def end(self) -> int:
        self.stop.set()
        self.join()
        return self.most


def _upload(server: WebServer, token: str, piece: int) -> dict[str, str]:
    """Send a file, in one request if `piece` is its whole size, and return the answer of the server."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{NAME}"\r\n\r\n'
    ).encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    for first in range(0, SIZE, piece):
        connection.putrequest("POST", "/upload/chunked/")
        connection.putheader("Authorization", f"Bearer {token}")
        connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        connection.putheader("Content-Length", str(len(head) + piece + len(tail)))
        if piece < SIZE:
            connection.putheader("Content-Range", f"bytes {first}-{first + piece - 1}/{SIZE}")
        connection.endheaders(head)
        for _ in range(piece // PIECE):
            connection.send(BLOCK)
        connection.send(tail)
        response = connection.getresponse()
        body = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"the piece at {first} was answered {response.status}: {body}")
    connection.close()
    item: dict[str, str]
    [item] = body["files"]
    return item


def _delete(server: WebServer, token: str, address: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", address, headers={"Authorization": f"Bearer {token}"})
    if connection.getresponse().status != 200:
        raise RuntimeError(f"{address} deleted nothing")
    connection.close()


if __name__ == "__main__":
    run(sys.stdout)
