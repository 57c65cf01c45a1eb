"""Real processes whose clocks are wrong, or jump while they work."""

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.own_postgresql import own_postgresql
from tests.factories.wrong_clocks import HOUR, WrongClock
from tests.jobs.test_workers import START, ended, marks, never_two_at_once, shell, state, worker
from tests.live import free_port, running
from tests.patience import HANG, wait_for
from tests.roots import environment_for, filled_root
from tests.submissions.random_kills import PATIENT, RECOVERY, Campaign, Databases, campaign

pytestmark = pytest.mark.campaign

JOBS = 12
JUMPS = (HOUR, 0, -HOUR, -2 * HOUR, 2 * HOUR)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the environment of processes that share a data root and a database."""
    root = tmp_path / "workers"
    with filled_root("jwst", root) as database_url:
        settings = {"DJANGO_SETTINGS_MODULE": "tests.jobs.worker_settings"}
        yield environment_for("jwst", root, database_url) | settings


def assert_each_was_done_once(environment: dict[str, str]) -> None:
    wait_for(lambda: len({line[3] for line in ended(environment)}) == JOBS, "the end of all jobs")
    assert never_two_at_once(marks(environment))
    assert state(environment)["jobs"] == [["completed", 1]] * JOBS


def test_jobs_are_done_once_while_the_clock_of_their_machine_jumps(
    environment: dict[str, str], tmp_path: Path
) -> None:
    clock = WrongClock(tmp_path / "clock")
    together = environment | clock.environment
    with clock.jumping(*JUMPS, every=1.5), worker(together, "first"), worker(together, "second"):
        shell(together, START.format(kind="slow", count=JOBS))
        assert_each_was_done_once(environment)


@pytest.mark.needs("postgresql")
def test_workers_an_hour_ahead_and_an_hour_behind_take_no_job_from_each_other(
    environment: dict[str, str], tmp_path: Path
) -> None:
    ahead, behind = WrongClock(tmp_path / "ahead", HOUR), WrongClock(tmp_path / "behind", -HOUR)
    jumping = WrongClock(tmp_path / "jumping")
    with (
        worker(environment | ahead.environment, "ahead"),
        worker(environment | behind.environment, "behind"),
        jumping.jumping(*JUMPS, every=1.5),
        worker(environment | jumping.environment, "jumping"),
    ):
        shell(environment | ahead.environment, START.format(kind="slow", count=JOBS))
        assert_each_was_done_once(environment)


def test_a_server_whose_clock_jumps_answers_and_goes_on_with_its_periodic_tasks(
    environment: dict[str, str], tmp_path: Path
) -> None:
    clock, port = WrongClock(tmp_path / "clock"), free_port()
    whole = environment | clock.environment | {"PUBLIC_URL": f"http://localhost:{port}", "WARM_UP": "0"}
    sign_of_life = Path(environment["DATA_ROOT"]) / "worker-heartbeat"
    with running(whole, port):
        for shift in JUMPS:
            clock.set(shift)
            jumped_at = time.time()
            wait_for(
                lambda at=jumped_at: sign_of_life.exists() and sign_of_life.stat().st_mtime > at + 5,
                f"periodic tasks, clock {shift}",
            )
            for path in ("/", "/recent_activity/", "/login/"):
                with urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=HANG) as page:
                    assert page.status == 200


def assert_work_holds(found: Campaign, clock: WrongClock) -> None:
    """Do all work at each wrong clock, and while the clock jumps; its end is that of undisturbed work."""
    for action in RECOVERY:
        for shift in (HOUR, -HOUR):
            clock.set(shift)
            found.do(action, f"clock {shift}")
        with clock.jumping(*JUMPS, every=0.05):
            found.do(action, "clock jumps")


def test_deliveries_searches_and_mails_end_well_whatever_the_clock_does(tmp_path: Path) -> None:
    clock = WrongClock(tmp_path / "clock")
    with campaign(tmp_path / "campaign", Databases.url, extra=clock.environment) as found:
        assert_work_holds(found, clock)


@pytest.mark.needs("postgresql-programs")
def test_deliveries_searches_and_mails_end_well_on_postgresql(tmp_path: Path) -> None:
    clock = WrongClock(tmp_path / "clock")
    with (
        own_postgresql() as server,
        campaign(tmp_path / "campaign", server.url + PATIENT, extra=clock.environment) as found,
    ):
        assert_work_holds(found, clock)
