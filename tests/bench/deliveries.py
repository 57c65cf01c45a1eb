"""Deliveries to the real rules of HST: small references for large rmaps, and a large reference.

Of the real rmaps that a delivery changes without tests of synthetic photometry, that of ACS darks is the
largest. Run by ``python -m tests.bench deliveries``. ``BENCH_BYTES`` is the size of the large reference, 1 GB
by default. The bytes that are read are counted by the system for all processes of the server, without those
of mapped memory.
"""

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from astropy.io import fits

from tests.bench.submissions import Person
from tests.live import LiveServer, live_server
from tests.shared_data import data_root

READY, CONFIRMED, FIRST_BYTE = 1.5, 1.0, 0.05  # seconds, the targets
READS, CHILD_MEMORY = 3, 1e9  # times the size, bytes
SIZE = int(os.environ.get("BENCH_BYTES", 10**9))
PIECE = 32 << 20  # bytes
ROUNDS = 5
_COMMON = {"TELESCOP": "HST", "PEDIGREE": "INFLIGHT 01/11/2029 12/11/2029", "AUTHOR": "A. Body"}
BIAS = _COMMON | {
    "INSTRUME": "STIS",
    "FILETYPE": "CCD BIAS IMAGE",
    "DETECTOR": "CCD",
    "CCDAMP": "D",
    "CCDGAIN": 1,
    "CCDOFFST": 3,
    "BINAXIS1": 1,
    "BINAXIS2": 1,
    "DESCRIP": "Reference superbias for the benchmark of deliveries",
}
DARK = _COMMON | {
    "INSTRUME": "ACS",
    "FILETYPE": "DARK",
    "DETECTOR": "WFC",
    "CCDAMP": "ABCD",
    "CCDGAIN": 2.0,
    "DESCRIP": "Reference dark for the benchmark of deliveries, with real rules",
}


def run(out: TextIO) -> None:
    """Print seconds with their targets."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-deliveries-") as folder,
        live_server("hst", Path(folder) / "server", fill=("import_cache", str(data_root()))) as server,
    ):
        for instrument, make, rules in (("acs", dark, "darkfile, 288 kB"), ("stis", bias, "biasfile, 97 kB")):
            person = Person(server, instrument)
            taken = [person.deliver([make(Path(folder), number)]) for number in range(ROUNDS + 1)]
            ready = statistics.median(ready for ready, _confirmed in taken[1:])
            label = f"reference of 12 kB, rules of {instrument} {rules}"
            out.write(f"{label}: READY after {ready:.2f} s (target {READY:g})\n")
        _deliver_large(server, person, bias(Path(folder), ROUNDS + 1, SIZE), out)


def bias(folder: Path, number: int, size: int = 4096) -> Path:
    """Write a bias that nobody has delivered yet, with about `size` bytes of data."""
    return _reference(folder / f"new{number}_bia.fits", BIAS, number, size)


def dark(folder: Path, number: int) -> Path:
    """Write a dark that nobody has delivered yet."""
    return _reference(folder / f"new{number}_drk.fits", DARK, number)


def _reference(path: Path, keywords: dict[str, Any], number: int, size: int = 4096) -> Path:
    header = fits.PrimaryHDU().header
    header.update(keywords, USEAFTER=f"Nov {number + 1} 2030 00:00:00")
    header["HISTORY"] = header["COMMENT"] = "Made for the benchmark."
    rows = max(1, size // 4096)
    shape = fits.ImageHDU(np.zeros((1, 1024), "f4"), name="SCI").header
    shape["NAXIS2"] = rows
    block = np.random.default_rng(number).random((256, 1024)).astype(">f4").tobytes()
    with path.open("wb") as stream:
        stream.write(header.tostring().encode() + shape.tostring().encode())
        for left in range(rows, 0, -256):
            stream.write(block[: min(left, 256) * 4096])
        stream.write(bytes(-rows * 4096 % 2880))
    return path


def _deliver_large(server: LiveServer, person: Person, path: Path, out: TextIO) -> None:
    person.log_in()
    size = path.stat().st_size
    for first in range(0, size, PIECE):
        _send(person, path, first, min(PIECE, size - first), size)
    with _Watch(server) as watch:
        ready, confirmed = person.deliver([])
    name = _official_name(server, path.name)
    with _Watch(server) as asked:
        first_bytes = [_first_byte(person, name) for _ in range(3)]
    gigabytes = f"reference of {size / 1e9:.1f} GB"
    out.write(f"{gigabytes}: READY after {ready:.1f} s\n")
    out.write(f"{gigabytes}: read {watch.read / size:.1f} times until confirmed (target {READS})\n")
    out.write(
        f"{gigabytes}: memory of a child at most {watch.largest / 1e6:.0f} MB, of it "
        f"{watch.own / 1e6:.0f} MB not mapped from files (target {CHILD_MEMORY / 1e6:.0f})\n"
    )
    out.write(f"{gigabytes}: confirmed in {confirmed:.2f} s (target {CONFIRMED:g})\n")
    out.write(
        f"{gigabytes}: first byte of bytes=0-99 after {1e3 * first_bytes[0]:.0f} ms, again "
        f"{1e3 * min(first_bytes):.0f} ms (target {1e3 * FIRST_BYTE:.0f}); "
        f"{asked.read / 1e6:.0f} MB were read for it\n"
    )


def _send(person: Person, path: Path, first: int, count: int, size: int) -> None:
    with path.open("rb") as stream:
        stream.seek(first)
        piece = stream.read(count)
    person.session.post(
        f"{person.url}/upload/chunked/",
        data={"csrfmiddlewaretoken": person.session.cookies["csrftoken"]},
        files={"files": (path.name, piece)},
        headers={"Content-Range": f"bytes {first}-{first + count - 1}/{size}"},
    ).raise_for_status()


def _official_name(server: LiveServer, name: str) -> str:
    command = f"from apps.catalog.models import File; print(File.objects.get(uploaded_as={name!r}).name)"
    return server.manage("shell", "--verbosity", "0", "--command", command).strip()


def _first_byte(person: Person, name: str) -> float:
    started_at = time.perf_counter()
    answer = person.session.get(
        f"{person.url}/unchecked_get/references/hst/{name}", headers={"Range": "bytes=0-99"}
    )
    assert (answer.status_code, len(answer.content)) == (206, 100)
    return time.perf_counter() - started_at


class _Watch:
    """Counts what all processes of a server read, and finds the largest memory of a certification child."""

    def __init__(self, server: LiveServer) -> None:
        self._root = str(server.root)
        self.read = self.largest = self.own = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "_Watch":
        self._before = self._reads()
        self._thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._over.set()
        self._thread.join()
        self.read = self._reads() - self._before

    def _processes(self) -> list[Path]:
        """Return the folders in ``/proc`` of the server's processes and of all that they started."""
        parents = {path: _status(path).get("PPid", "") for path in Path("/proc").glob("[0-9]*")}
        found = [path for path in parents if self._root in _text(path / "environ")]
        for path in found:
            found += [
                child for child, parent in parents.items() if parent == path.name and child not in found
            ]
        return found

    def _reads(self) -> int:
        """Return the bytes read so far; those of a process that ended are counted by the one that waited."""
        return sum(int(_fields(path / "io").get("rchar", 0)) for path in self._processes())

    def _look(self) -> None:
        while not self._over.wait(0.2):
            for path in self._processes():
                if "apps.certify.child" in _text(path / "cmdline"):
                    status = _status(path)
                    self.largest = max(self.largest, _kilobytes(status, "VmRSS"))
                    self.own = max(self.own, _kilobytes(status, "RssAnon"))


def _text(path: Path) -> str:
    """Return the text of a file of ``/proc``; empty if its process has ended."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _fields(path: Path) -> dict[str, str]:
    rows = (line.partition(":") for line in _text(path).splitlines())
    return {name: value.strip() for name, _colon, value in rows}


def _status(process: Path) -> dict[str, str]:
    return _fields(process / "status")


def _kilobytes(status: dict[str, str], name: str) -> int:
    return 1024 * int(status.get(name, "0 kB").split()[0])
