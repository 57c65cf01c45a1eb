"""A mirror beside a server that people deliver to: it follows, survives kills, and goes on alone."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.contract.test_published_tree import EXPECTED, GET
from tests.contract.test_submissions import RESULT, Team
from tests.live import LiveServer, free_port, live_server, running
from tests.patience import HANG
from tests.roots import PROJECT, environment_for, filled_root, manage

pytestmark = pytest.mark.campaign

EVERY = "5"  # seconds between two rounds
EDIT = "from crds.client import api; print(api.get_default_context('jwst', 'edit'))"


@contextlib.contextmanager
def mirroring(environment: dict[str, str], url: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the mirror as an operator does, until the block ends."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "mirror", url, "--every", EVERY],
            cwd=PROJECT,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(HANG)


def seconds_until(client: Client, context: str) -> float:
    """Wait until a server says that a context is the edit context, and return how long it took."""
    begun = time.monotonic()
    while client.python(EDIT).output.split()[-1:] != [context]:
        assert time.monotonic() < begun + HANG, f"{client.server.url} does not know {context}"
        time.sleep(0.5)
    return time.monotonic() - begun


def make_official(team: Team) -> str:
    """Deliver a reference, and return the context that it made."""
    done = team.submit(files=[team.new_flat()])
    found = RESULT.search(done.text)
    assert found, done.text
    assert ">Confirmed<" in team.decide(found[1], "confirm")
    return team.client.python(EDIT).output.split()[-1]


def test_a_mirror_follows_deliveries_survives_kills_and_goes_on_alone(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    port = free_port()
    with filled_root("jwst", tmp_path / "second") as database_url:
        second = environment_for("jwst", tmp_path / "second", database_url)
        second |= {"PUBLIC_URL": f"http://localhost:{port}", "WARM_UP": "0"}
        mirrored = Client(LiveServer("jwst", tmp_path / "second", port, second), tmp_path / "cache")
        mirrored.cache.mkdir()
        with running(second, port):
            with live_server("jwst", tmp_path / "first", fill=("seed_demo",)) as first:
                for moment in (2.0, 4.0):  # It is killed while it fetches, and goes on.
                    with mirroring(second, first.url, tmp_path / "mirror.log"):
                        time.sleep(moment)
                with mirroring(second, first.url, tmp_path / "mirror.log") as mirror:
                    seconds_until(mirrored, "jwst_0005.pmap")
                    said = first.manage("create_account", "homer", "--role", "submitter", "--print-token")
                    token = next(line for line in said.splitlines() if line.startswith("crds_"))
                    (tmp_path / "home").mkdir()
                    team = Team(Client(first, tmp_path / "home"), "homer", token)
                    took = [seconds_until(mirrored, make_official(team)) for _ in range(2)]
                    record_property("seconds until the mirror followed", took)
                    mirror.send_signal(signal.SIGKILL)
            # The first server is gone.
            rounds = (tmp_path / "mirror.log").read_text()
            assert "4 files fetched" in rounds, rounds  # Of each delivery only what is new.
            synced = mirrored.crds("sync", "--contexts", "jwst-edit", "--fetch-references")
            assert (synced.status, "0 errors" in synced.text) == (0, True), synced.text
            assert EXPECTED in mirrored.python(GET).output
        assert "0 missing, 0 changed, 0 unknown" in manage(second, "verify_store")
