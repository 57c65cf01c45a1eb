"""Jobs on a real server with a worker: aborted, and there after a restart."""

import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.live import free_port, running
from tests.patience import HANG, wait_for
from tests.roots import environment_for, filled_root

LONG = "SELECT COUNT(*) FROM " + ", ".join(f"TAP_SCHEMA.columns AS t{number}" for number in range(9))


class Jobs:
    """The asynchronous endpoint of a server."""

    def __init__(self, port: int) -> None:
        self.address = f"http://localhost:{port}/tap/async"

    def post(self, address: str, **form: str) -> str:
        """Return the address to which a POST leads."""
        with urllib.request.urlopen(address, urlencode(form).encode(), timeout=HANG) as answer:
            return str(answer.url)

    def start(self, query: str) -> str:
        return self.post(self.address, LANG="ADQL", QUERY=query, PHASE="RUN")

    def phase(self, job: str) -> str:
        with urllib.request.urlopen(f"{job}/phase", timeout=HANG) as answer:
            return str(answer.read().decode())

    def wait_for(self, job: str, phase: str) -> None:
        wait_for(lambda: self.phase(job) == phase, f"{job} to be {phase}")


@pytest.mark.campaign
@pytest.mark.development_server("it ends the server and starts it again")
def test_jobs_are_aborted_and_outlive_a_restart(tmp_path: Path) -> None:
    port = free_port()
    with filled_root("jwst", tmp_path, fill=("seed_demo",)) as database_url:
        environment = environment_for("jwst", tmp_path, database_url) | {
            "PUBLIC_URL": f"http://localhost:{port}",
            "TAP_JOBS_RUNNING": "1",
            "WARM_UP": "0",
        }
        jobs = Jobs(port)
        with running(environment, port):
            done = jobs.start("SELECT name FROM crds.files ORDER BY name")
            jobs.wait_for(done, "COMPLETED")
            long, waiting = jobs.start(LONG), jobs.start("SELECT COUNT(*) FROM crds.rules")
            jobs.wait_for(long, "EXECUTING")
            assert jobs.phase(waiting) == "QUEUED"
            jobs.post(f"{long}/phase", PHASE="ABORT")
            assert jobs.phase(long) == "ABORTED"
            # The worker has left the aborted one, which would take years.
            jobs.wait_for(waiting, "COMPLETED")
            lost = jobs.start(LONG)
            jobs.wait_for(lost, "EXECUTING")
        with running(environment, port):
            assert jobs.phase(done) == "COMPLETED"
            with urllib.request.urlopen(f"{done}/results/result", timeout=HANG) as answer:
                assert b"jwst_0005.pmap" in answer.read()
            jobs.wait_for(lost, "ERROR")
