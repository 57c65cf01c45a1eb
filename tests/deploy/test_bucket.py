"""A delivery through machines that share a bucket, PostgreSQL or SQLite, and a broker, but no folder."""

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract.test_submissions import RESULT, Team
from tests.deploy.production import ProductionServer, SecureClient, like_production
from tests.live import Served
from tests.patience import HANG
from tests.roots import filled_root

pytestmark = [pytest.mark.campaign, pytest.mark.needs("nginx", "weed", "redis")]

WORKERS = ("crds-worker@1.service", "crds-worker@2.service")


def kill_the_worker_that_checks(server: ProductionServer) -> None:
    """Kill the worker that works on the submission, and take its disk away."""
    until = time.monotonic() + HANG
    while time.monotonic() < until:
        for name in WORKERS:
            if list((server.folder / name / "submissions").glob("*/work/*")):
                server.kill(name)
                shutil.rmtree(server.folder / name)
                return
        time.sleep(0.01)
    raise AssertionError("no worker took the submission")


def test_a_delivery_survives_the_death_of_its_worker_and_reaches_a_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", os.environ.get("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0"))
    with (
        filled_root("jwst", tmp_path / "root", fill=("seed_demo",)) as database_url,
        like_production(
            tmp_path / "root", database_url, Served("jwst"), "bucket", base="", extra={}
        ) as server,
    ):
        said = server.manage("create_account", "homer", "--role", "submitter", "--print-token")
        token = next(line for line in said.splitlines() if line.startswith("crds_"))
        (cache := tmp_path / "cache").mkdir()
        client = SecureClient(server, cache)
        team = Team(client, "homer", token)
        flat = team.new_flat()
        shutil.rmtree(server.root / "store")  # It was only a cache.
        with ThreadPoolExecutor(1) as beside:
            submitted = beside.submit(team.submit, files=[flat])
            kill_the_worker_that_checks(server)
            done = submitted.result()
        found = RESULT.search(done.text)
        assert found, done.text
        assert ">Confirmed<" in team.decide(found[1], "confirm")
        synced = client.crds("sync", "--contexts", "jwst-edit", "--fetch-references")
        assert (synced.status, "0 errors" in synced.text) == (0, True), synced.text
        new = [path for path in cache.rglob("references/**/*.fits") if path.read_bytes() == flat.read_bytes()]
        assert len(new) == 1
        assert "0 missing, 0 changed, 0 unknown" in server.manage("verify_store")
