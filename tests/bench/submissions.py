"""Time of deliveries from the POST of the form to READY, and of their confirmation; by forms, over HTTP.

The plain ``crds certify`` of one file stands beside it, run as a person runs it against the same rules.
Run by ``python -m tests.bench submissions``.
"""

import os
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import requests

from tests.contract.client import Client
from tests.factories.references import make_reference
from tests.live import LiveServer, live_server

ONE, TWENTY, CONFIRM = 6.0, 20.0, 1.0  # seconds, the targets
ROUNDS = 3
AT_ONCE = 8
# A reference of each instrument that a new one is made of.
SOURCES = {
    "miri": "jwst_miri_flat_0006.fits",
    "nircam": "jwst_nircam_flat_0003.fits",
    "niriss": "jwst_niriss_flat_0003.fits",
}


def run(out: TextIO) -> None:
    """Print seconds with their targets."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-submissions-") as folder,
        live_server("jwst", Path(folder) / "server", fill=("seed_demo",)) as server,
    ):
        _measure(server, Path(folder), out)


def _measure(server: LiveServer, folder: Path, out: TextIO) -> None:
    makers = Makers(server, folder)
    person = Person(server, "miri")
    person.deliver(makers.files("miri", 1))  # The worker has then imported all it needs.
    plain = _plain(server, folder, makers.files("miri", 1)[0])
    out.write(f"crds certify of one file: {plain:.2f} s\n")
    for count, target in ((1, ONE), (20, TWENTY)):
        taken = [person.deliver(makers.files("miri", count)) for _ in range(ROUNDS)]
        ready = statistics.median(ready for ready, _confirmed in taken)
        confirmed = statistics.median(confirmed for _ready, confirmed in taken)
        out.write(
            f"{count} files: READY after {ready:.2f} s (target {target:g}), {ready / count / plain:.2f} of "
            f"crds certify per file; confirmed in {confirmed:.2f} s (target {CONFIRM:g})\n"
        )
    _crowd(server, makers, out)


def _crowd(server: LiveServer, makers: "Makers", out: TextIO) -> None:
    """Certify for several people at once; a certify run needs no lock and does the same work."""
    people = [Person(server, "none") for _ in range(AT_ONCE)]
    instruments = [sorted(SOURCES)[number % len(SOURCES)] for number in range(AT_ONCE)]
    alone = statistics.median(people[0].certify(makers.files(instruments[0], 1)) for _ in range(ROUNDS))
    batches = [makers.files(instrument, 1) for instrument in instruments]
    threads = [
        threading.Thread(target=person.certify, args=(files,))
        for person, files in zip(people, batches, strict=True)
    ]
    worked, started_at = _busy_seconds(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = time.perf_counter() - started_at
    share = (_busy_seconds() - worked) / together / (os.cpu_count() or 1)
    row = AT_ONCE * alone
    out.write(
        f"{AT_ONCE} at once: all done after {together:.2f} s; one alone takes {alone:.2f} s, "
        f"{AT_ONCE} in a row {row:.2f} s: ratio {together / row:.2f} (two cores: 0.5); "
        f"the cores were busy for {share:.0%} of it\n"
    )


def _busy_seconds() -> float:
    """Return the time for which the cores of this machine have worked, for whomever."""
    user, nice, system, *_ = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def _plain(server: LiveServer, folder: Path, path: Path) -> float:
    cache = folder / "cache"
    cache.mkdir()
    client = Client(server, cache)
    client.crds("sync", "--contexts", "jwst-edit")
    started_at = time.perf_counter()
    client.crds("certify", str(path), "--comparison-context", "jwst-edit", "--run-fitsverify")
    return time.perf_counter() - started_at


@dataclass
class Makers:
    """Makes references that nobody has delivered yet."""

    server: LiveServer
    folder: Path
    number: int = 0

    def files(self, instrument: str, count: int) -> list[Path]:
        return [self._file(instrument) for _ in range(count)]

    def _file(self, instrument: str) -> Path:
        self.number += 1
        minutes, seconds = divmod(self.number, 60)
        source = self.server.root / "store" / "references" / "jwst" / SOURCES[instrument]
        useafter = f"2031-01-01T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
        target = self.folder / f"{instrument}_{self.number}.fits"
        return make_reference(source, target, USEAFTER=useafter, DESCRIP=f"number {self.number}")


class Person:
    """Somebody with a browser."""

    def __init__(self, server: LiveServer, instrument: str) -> None:
        self.url, self.instrument = server.url, instrument
        name = f"bench-{id(self)}"
        said = server.manage("create_account", name, "--role", "submitter", "--print-token")
        self.name = name
        self.token = next(line for line in said.splitlines() if line.startswith("crds_"))
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "Mozilla/5.0 (bench)"  # Answers are not held back.
        self.session.headers["Referer"] = f"{self.url}/"
        self.log_in()

    def log_in(self) -> None:
        self.post("/login/", instrument=self.instrument, username=self.name, password=self.token, next="/")

    def post(self, path: str, form: str = "", **values: str) -> requests.Response:
        self.session.get(self.url + (form or path)).raise_for_status()
        values["csrfmiddlewaretoken"] = self.session.cookies["csrftoken"]
        answer = self.session.post(self.url + path, data=values)
        error = re.search(r'id="error_message">([^<]*)', answer.text)
        if error or not answer.ok:
            raise AssertionError(f"{path}: {answer.status_code} {error and error[1]}")
        return answer

    def upload(self, paths: Iterable[Path]) -> None:
        for path in paths:
            token = {"csrfmiddlewaretoken": self.session.cookies["csrftoken"]}
            with path.open("rb") as stream:
                self.session.post(
                    f"{self.url}/upload/chunked/", data=token, files={"files": (path.name, stream)}
                ).raise_for_status()

    def deliver(self, paths: list[Path]) -> tuple[float, float]:
        """Return the seconds until it is ready, and those that the confirmation takes."""
        self.log_in()
        self.upload(paths)
        started_at = time.perf_counter()
        answer = self.post(
            "/batch_submit_references/",
            pmap_mode="pmap_edit",
            change_level="SEVERE",
            creator="bench",
            description="bench",
            auto_rename="True",
            compare_old_reference="True",
        )
        self.wait(answer.url, "ready")
        ready = time.perf_counter() - started_at
        started_at = time.perf_counter()
        key = answer.url.rsplit("/", 1)[1]
        self.post(
            "/submit_confirm_pipeline/", form=f"/display_result/{key}", results_id=key, button="confirm"
        )
        return ready, time.perf_counter() - started_at

    def certify(self, paths: list[Path]) -> float:
        self.upload(paths)
        started_at = time.perf_counter()
        answer = self.post("/certify/", pmap_mode="pmap_edit", compare_old_reference="True")
        self.wait(answer.url, "certified")
        taken = time.perf_counter() - started_at
        for item in self.session.get(f"{self.url}/upload/list/").json()["files"]:
            self.session.get(self.url + item["deleteUrl"], headers={"Referer": self.url})
        return taken

    def wait(self, url: str, status: str) -> None:
        while True:
            text = self.session.get(url).text
            found = re.search(r'id="submission-status" class="[^"]*status-([\w-]+)"', text)
            if found and found[1] == status:
                return
            if not found or found[1] not in ("started", "processing"):
                raise AssertionError(f"{url} is {found and found[1]}: {text}")
            time.sleep(0.05)
