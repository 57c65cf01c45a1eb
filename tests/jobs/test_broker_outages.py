"""A Redis that loses its messages, is silent or absent, under real workers: no job is lost."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.factories.own_redis import OwnRedis, own_redis
from tests.jobs.test_workers import START, ended, hold, marks, never_two_at_once, shell, state, worker
from tests.patience import does_not_hang, wait_for
from tests.roots import environment_for, filled_root

pytestmark = [pytest.mark.campaign, pytest.mark.needs("redis-server")]

JOBS = 12
AWAY = 15  # seconds


@pytest.fixture
def broker() -> Iterator[OwnRedis]:
    with own_redis() as server:
        yield server


@pytest.fixture
def environment(tmp_path: Path, broker: OwnRedis) -> Iterator[dict[str, str]]:
    """Return the environment of processes that share a data root, a database and the broker."""
    root = tmp_path / "workers"
    with filled_root("jwst", root) as database_url:
        settings = {"DJANGO_SETTINGS_MODULE": "tests.jobs.worker_settings", "CELERY_BROKER_URL": broker.url}
        yield environment_for("jwst", root, database_url) | settings


@contextlib.contextmanager
def kept_running(environment: dict[str, str]) -> Iterator[None]:
    """Run a worker until the block ends, and another one whenever it ends, as `manage.py up` does.

    A Celery worker ends if Redis goes away while it has messages that it did not acknowledge.
    """
    is_over = threading.Event()

    def keep() -> None:
        while not is_over.is_set():
            with worker(environment, "only") as process:
                while process.poll() is None and not is_over.wait(0.2):
                    pass
            is_over.wait(1)

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def start(environment: dict[str, str], kind: str) -> None:
    shell(environment, START.format(kind=kind, count=JOBS))


def all_ended(environment: dict[str, str], jobs: int = JOBS) -> bool:
    return len({line[3] for line in ended(environment)}) == jobs


def assert_each_was_done_once(environment: dict[str, str], jobs: int = JOBS) -> None:
    assert state(environment)["jobs"] == [["completed", 1]] * jobs
    assert never_two_at_once(marks(environment))


def test_a_flush_loses_no_job_that_waits_or_runs(environment: dict[str, str], broker: OwnRedis) -> None:
    with worker(environment, "only"):
        with hold(environment):
            start(environment, "held")
            wait_for(lambda: len(marks(environment)) == 4, "the jobs that one worker does at once")
            broker.flush()
        wait_for(lambda: all_ended(environment), "the end of all jobs")
    assert_each_was_done_once(environment)


@contextlib.contextmanager
def frozen(broker: OwnRedis) -> Iterator[None]:
    broker.freeze()
    yield
    broker.thaw()


@contextlib.contextmanager
def absent(broker: OwnRedis) -> Iterator[None]:
    broker.stop()
    yield
    broker.start()


@pytest.mark.parametrize("outage", [frozen, absent])
def test_work_that_is_asked_for_while_the_broker_is_away_is_done_afterwards(
    environment: dict[str, str],
    broker: OwnRedis,
    outage: Callable[[OwnRedis], contextlib.AbstractContextManager[None]],
) -> None:
    with kept_running(environment):
        start(environment, "quick")
        wait_for(lambda: all_ended(environment), "the end of the jobs before")
        with outage(broker):
            with does_not_hang():
                start(environment, "quick")
            time.sleep(AWAY)
        wait_for(lambda: all_ended(environment, 2 * JOBS), "the end of the jobs of the outage")
    assert_each_was_done_once(environment, 2 * JOBS)


@pytest.mark.parametrize("seconds", [1, AWAY])
@pytest.mark.parametrize("ends_meanwhile", [False, True])
def test_a_worker_that_nobody_starts_again_goes_on_after_the_broker_was_killed(
    environment: dict[str, str], broker: OwnRedis, seconds: int, ends_meanwhile: bool
) -> None:
    with worker(environment, "only") as process:
        with contextlib.ExitStack() as held:
            held.enter_context(hold(environment))
            start(environment, "held")
            wait_for(lambda: len(marks(environment)) == 4, "the jobs that one worker does at once")
            with absent(broker):
                if ends_meanwhile:
                    held.close()  # Their messages cannot be acknowledged.
                    wait_for(lambda: len(ended(environment)) >= 4, "the end of the running jobs")
                time.sleep(seconds)
        wait_for(lambda: all_ended(environment), "the end of the jobs of before the outage")
        start(environment, "quick")
        wait_for(lambda: all_ended(environment, 2 * JOBS), "the end of the jobs of after the outage")
        assert process.poll() is None, "the worker has ended"
    assert_each_was_done_once(environment, 2 * JOBS)
