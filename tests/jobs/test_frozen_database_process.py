"""Jobs whose own process of PostgreSQL is frozen alone, while the others answer."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.factories.own_postgresql import own_postgresql
from tests.jobs.test_workers import START, hold, marks, shell, state, wait_for, worker
from tests.roots import environment_for, manage

pytestmark = [pytest.mark.campaign, pytest.mark.needs("postgresql-programs")]

LIMIT = 30  # seconds that others may be delayed


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    root = tmp_path / "root"
    root.mkdir()
    with own_postgresql() as database:
        environment = environment_for("jwst", root, database.url) | {
            "DJANGO_SETTINGS_MODULE": "tests.jobs.worker_settings",
            "CELERY_BROKER_URL": "filesystem://",
            "DATABASE_JOB_SILENCE": "3",
            "HEARTBEAT_SECONDS": "2",
        }
        manage(environment, "migrate", "--verbosity", "0")
        yield environment


def start(environment: dict[str, str], kind: str) -> None:
    shell(environment, START.format(kind=kind, count=1))


def times(environment: dict[str, str], *words: str) -> list[float]:
    """Return when jobs made marks that begin with these words."""
    return [float(line[0]) for line in marks(environment) if tuple(line[2 : 2 + len(words)]) == words]


def process_of(environment: dict[str, str]) -> int:
    """Return the process of the database that does the statements of the job."""
    wait_for(lambda: times(environment, "process"), "the process of the job")
    return int(next(line[3] for line in marks(environment) if line[2] == "process"))


def has_ended(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return False
    return True


def test_a_job_whose_process_of_the_database_is_frozen_starts_again_and_ends(
    environment: dict[str, str],
) -> None:
    with worker(environment, "only"):
        with hold(environment):
            start(environment, "known")
            process = process_of(environment)
            os.kill(process, signal.SIGSTOP)
        try:
            began = time.time()
            start(environment, "quick")
            wait_for(lambda: times(environment, "end", "2"), "the job of somebody else")
            assert times(environment, "end", "2")[0] - began < LIMIT
            wait_for(lambda: times(environment, "end", "1"), "the end of the job")
            assert state(environment)["jobs"] == [["completed", 2], ["completed", 1]]
        finally:
            os.kill(process, signal.SIGCONT)
        wait_for(lambda: has_ended(process), "the end of the process that was given up")
    assert len(times(environment, "end", "1")) == 1
    assert state(environment)["jobs"] == [["completed", 2], ["completed", 1]]


def test_a_frozen_process_that_holds_the_row_of_its_job_stops_no_other_job(
    environment: dict[str, str],
) -> None:
    with worker(environment, "only"):
        with hold(environment):
            start(environment, "locked")
            process = process_of(environment)
            os.kill(process, signal.SIGSTOP)
        try:
            began = time.time()
            start(environment, "locked")  # It waits for its lane until the worker of the first is missed.
            wait_for(lambda: times(environment, "end", "2"), "the other job of the lane")
            assert times(environment, "end", "2")[0] - began < LIMIT
        finally:
            os.kill(process, signal.SIGCONT)
        wait_for(lambda: times(environment, "end", "1"), "the end of the job")
        wait_for(lambda: state(environment)["jobs"][0][0] == "completed", "the end of its row")
    assert [status for status, _ in state(environment)["jobs"]] == ["completed"] * 2
