"""Load for a long time: calls, pages, downloads and deliveries, beside a look at the processes of the server.

``python -m tests.long_load --minutes 60`` starts a server with the demo, prints what it saw, and fails if an
answer is wrong or missing, a process has ended, or memory, descriptors or threads have grown.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from tests.bench import load
from tests.bench.submissions import SOURCES, Makers, Person
from tests.bench.web_server import request
from tests.live import LiveServer, live_server

CALLERS = 4
PAUSE = 0.05  # seconds between two requests of a caller: the load is steady and not the heaviest
WARM = 0.2  # share of the time after which caches are filled, and growth counts
LOOKS = 60  # at the processes, during the whole time
INSTRUMENT = "miri"
HEADER = {
    "META.INSTRUMENT.NAME": "MIRI",
    "META.INSTRUMENT.DETECTOR": "MIRIMAGE",
    "META.INSTRUMENT.FILTER": "F770W",
    "META.INSTRUMENT.BAND": "N/A",
    "META.EXPOSURE.READPATT": "FASTR1",
    "META.EXPOSURE.TYPE": "MIR_IMAGE",
    "META.OBSERVATION.DATE": "2024-02-03",
    "META.OBSERVATION.TIME": "00:00:00",
}
PAGES = ("/", "/recent_activity/", "/browse_db/", "/context_table/jwst-edit/", "/login/", "/api/v1/files")


@dataclass(frozen=True)
class Size:
    """The memory (bytes, without pages of files), descriptors and threads of a process."""

    memory: int
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return f"{self.memory / 1e6:.0f} MB, {self.descriptors} descriptors, {self.threads} threads"


def sizes(root: Path) -> dict[str, Size]:
    """Return the size of each process of a server by its name and number."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "comm").read_text().strip()
            if name.startswith("crds-w") and str(root).encode() in (folder / "environ").read_bytes():
                found[f"{name} {folder.name}"] = _size(folder)
        except OSError:  # It has ended.
            continue
    return found


def _size(folder: Path) -> Size:
    lines = (folder / "status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    descriptors = len(list((folder / "fd").iterdir()))
    return Size(int(status["RssAnon"].split()[0]) * 1024, descriptors, int(status["Threads"]))


def growth(before: dict[str, Size], after: dict[str, Size]) -> list[str]:
    """Return what has grown or ended."""
    found = [f"{name} has ended" for name in before if name not in after]
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        # Threads of an idle pool come and go, and the memory of a process breathes.
        if (
            new.memory > 1.15 * old.memory + 20e6
            or new.descriptors > old.descriptors + 20
            or new.threads > old.threads + 10
        ):
            found.append(f"{name} has grown: {old}; {new}")
    return found


class Deliverer:
    """Somebody who delivers one file after the other until the time is over."""

    def __init__(self, server: LiveServer, folder: Path, until: float, pause: float) -> None:
        self._person, self._makers = Person(server, INSTRUMENT), Makers(server, folder)
        self._until, self._pause = until, pause
        self.seconds: list[float] = []
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            while time.monotonic() < self._until:
                ready, _confirmed = self._person.deliver(self._makers.files(INSTRUMENT, 1))
                self.seconds.append(ready)
                time.sleep(self._pause)
        except BaseException as exc:
            self.error = exc


def messages() -> list[bytes]:
    """Return the requests of the callers: ten calls, the pages, and downloads."""
    calls = [request("get_best_references", "jwst-edit", HEADER)] * 8
    calls += [request("list_mappings", "jwst"), request("get_default_context", "jwst")]
    files = [f"/unchecked_get/references/jwst/{name}" for name in SOURCES.values()]
    return [*map(load.post, calls), *map(load.get, (*PAGES, *files))]


async def callers(port: int, until: float, outcomes: dict[int, load.Outcome]) -> None:
    """Ask one request after the other, and note the outcome of each kind of request."""
    asked = messages()

    async def caller(number: int) -> None:
        step = number
        while time.monotonic() < until:
            step += 1
            place = step % len(asked)
            await load.ask(port, asked[place], outcomes.setdefault(place, load.Outcome()))
            await asyncio.sleep(PAUSE)

    await asyncio.gather(*map(caller, range(CALLERS)))


def watch(root: Path, seconds: float) -> tuple[dict[str, Size], dict[str, Size]]:
    """Return the sizes after the start of the load and at its end, and print those between."""
    began, before = time.monotonic(), None
    for look in range(1, LOOKS + 1):
        time.sleep(max(0.0, began + look * seconds / LOOKS - time.monotonic()))
        now = sizes(root)
        if before is None and look >= WARM * LOOKS:
            before = now
        if look % 6 == 0:
            for name, size in sorted(now.items()):
                sys.stdout.write(f"{time.monotonic() - began:6.0f} s  {name}: {size}\n")
            sys.stdout.flush()
    assert before is not None
    return before, now


def run(folder: Path, minutes: float, pause: float) -> list[str]:
    """Load a server, print what was seen, and return what is wrong."""
    with live_server("jwst", folder / "server", fill=("seed_demo",)) as server:
        until = time.monotonic() + 60 * minutes
        outcomes: dict[int, load.Outcome] = {}
        deliverer = Deliverer(server, folder, until, pause)
        loader = threading.Thread(target=lambda: asyncio.run(callers(server.port, until, outcomes)))
        for thread in (deliverer.thread, loader):
            thread.start()
        before, after = watch(server.root, 60 * minutes)
        for thread in (deliverer.thread, loader):
            thread.join()
        whole = report(outcomes, deliverer, minutes)
        wrong = growth(before, after)
        wrong += [f"answers {status}: {count}" for status, count in whole.items() if status != 200]
        if deliverer.error:
            wrong.append(f"a delivery failed: {deliverer.error!r:.2000}")
        for line in wrong:  # Before the command, which may fail itself.
            sys.stdout.write(f"{line}\n")
        said = server.manage("doctor", "--invariants")
        sys.stdout.write(said)
    return wrong


def report(outcomes: dict[int, load.Outcome], deliverer: Deliverer, minutes: float) -> Counter[int]:
    """Print the figures, and return how many answers had which status."""
    whole: Counter[int] = Counter()
    for place, message in enumerate(messages()):
        outcome = outcomes[place]
        whole.update({status: len(seconds) for status, seconds in outcome.seconds.items()})
        if place >= 7:  # The first seven are repeated.
            title = message.split(b" HTTP")[0].decode()
            sys.stdout.write(f"{title:<60} {load.percentile_text(outcome)}; {outcome.counts()}\n")
    ready = sorted(deliverer.seconds)
    middle = ready[len(ready) // 2] if ready else float("nan")
    sys.stdout.write(
        f"{whole.total()} requests in {minutes:g} minutes; {len(ready)} deliveries, median {middle:.1f} s\n"
    )
    return whole


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--pause", type=float, default=20, help="seconds between two deliveries")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="long-load-") as folder:
        wrong = run(Path(folder), options.minutes, options.pause)
    if not wrong:
        sys.stdout.write("Nothing was wrong and nothing has grown.\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
