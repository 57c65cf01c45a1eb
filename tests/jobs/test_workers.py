"""Real worker processes with both brokers, on the database of the suite. Workers are killed."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories.worker_processes import kill, shell, worker
from tests.patience import HANG, wait_for
from tests.roots import PROJECT, environment_for, filled_root

BROKERS = {"filesystem": "filesystem://", "redis": "redis://127.0.0.1:6379/0"}

START = (
    "from apps.jobs import operations\n"
    "for _ in range({count}): operations.start({kind!r}, subject_id=None, user='test', channel=None)"
)
STATE = (
    "import json; from apps.jobs.models import Job, Message;"
    "print(json.dumps({'jobs': list(Job.objects.order_by('pk').values_list('status', 'attempts')),"
    "'messages': list(Message.objects.order_by('channel', 'number').values_list('number', 'type', 'text'))}))"
)
EXECUTE = "from apps.jobs.pipeline import execute\nfor pk in range(1, {count} + 1): execute(pk)"
WRITE = (
    "from apps.jobs.models import Job; from apps.jobs.pipeline import say; job = Job.objects.get()\n"
    "for index in range(40): say(job, 'verbose', str(index))"
)
CLAIM = "from apps.jobs.pipeline import claim; assert claim(1)"
FOLLOW = (
    "import time; from apps.jobs.models import Channel; from apps.jobs.queries import messages\n"
    "key, seen, until = Channel.objects.get().pk, [], time.monotonic() + 120\n"
    "while len(seen) < 120 and time.monotonic() < until:\n"
    "    seen += [m.number for m in messages(key, seen[-1] if seen else 0)]\n"
    "print(seen)"
)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the environment of processes that share a data root and a migrated database."""
    root = tmp_path / "workers"
    with filled_root("jwst", root) as database_url:
        settings = {"DJANGO_SETTINGS_MODULE": "tests.jobs.worker_settings"}
        yield environment_for("jwst", root, database_url) | settings


@pytest.fixture(params=["filesystem", pytest.param("redis", marks=pytest.mark.needs("redis"))])
def broker(request: Any, environment: dict[str, str]) -> str:
    environment["CELERY_BROKER_URL"] = BROKERS[request.param]
    return str(request.param)


@contextlib.contextmanager
def hold(environment: dict[str, str]) -> Iterator[None]:
    """Hold jobs of one kind until the end of the block."""
    path = Path(environment["DATA_ROOT"]) / "hold"
    path.touch()
    yield
    path.unlink()


def state(environment: dict[str, str]) -> dict[str, Any]:
    return dict(json.loads(shell(environment, STATE).splitlines()[-1]))


def marks(environment: dict[str, str]) -> list[list[str]]:
    path = Path(environment["DATA_ROOT"]) / "marks"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def stop(worker: subprocess.Popen[bytes], environment: dict[str, str]) -> None:
    """Stop a worker, but not while it writes: then nobody else could write to SQLite."""
    os.killpg(worker.pid, signal.SIGSTOP)
    while not is_writable(environment):
        os.killpg(worker.pid, signal.SIGCONT)
        time.sleep(0.1)
        os.killpg(worker.pid, signal.SIGSTOP)


def is_writable(environment: dict[str, str]) -> bool:
    if not environment["DATABASE_URL"].startswith("sqlite:"):
        return True
    path = environment["DATABASE_URL"].removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


def ended(environment: dict[str, str]) -> list[list[str]]:
    return [line for line in marks(environment) if line[2] == "end"]


def test_a_job_whose_worker_is_killed_is_finished_by_another(
    environment: dict[str, str], broker: str
) -> None:
    with worker(environment, "first") as first, hold(environment):
        shell(environment, START.format(kind="held", count=1))
        wait_for(lambda: marks(environment), "the start of the job")
        kill(first)
    with worker(environment, "second"):
        wait_for(lambda: ended(environment), "the end of the job")
    found = state(environment)
    assert found["jobs"] == [["completed", 2]]
    numbers = [number for number, _, _ in found["messages"]]
    assert numbers == list(range(1, len(numbers) + 1))
    kinds = [kind for _, kind, _ in found["messages"]]
    assert kinds.count("done") == 1
    assert kinds[-1] == "done"
    texts = [text for _, _, text in found["messages"]]
    second = texts.index("The worker of this job died; another one takes it.")
    assert not any("attempt 1" in text for text in texts[second:])
    [start_1, start_2] = [line for line in marks(environment) if line[2] == "start"]
    assert start_1[1] != start_2[1], "the same process cannot have done both"


@pytest.mark.campaign
def test_waiting_jobs_survive_the_death_of_the_worker_that_holds_their_messages(
    environment: dict[str, str], broker: str
) -> None:
    with worker(environment, "first") as first, hold(environment):
        shell(environment, START.format(kind="held", count=12))
        wait_for(lambda: len(marks(environment)) == 4, "the jobs that one worker does at once")
        kill(first)
    with worker(environment, "second"), worker(environment, "third"):
        wait_for(lambda: len({line[3] for line in ended(environment)}) == 12, "the end of all jobs")
    found = state(environment)
    assert {status for status, _ in found["jobs"]} == {"completed"}
    assert sum(attempts > 1 for _, attempts in found["jobs"]) >= 4, "no job was taken from a dead worker"
    assert never_two_at_once(marks(environment))


def never_two_at_once(lines: list[list[str]]) -> bool:
    """Return whether no live process began a job that another live one was still doing."""
    ends = [(line[3], line[4]) for line in lines if line[2] == "end"]
    return len(ends) == len({job for job, _ in ends})


@pytest.mark.campaign
def test_a_worker_that_was_only_asleep_cannot_finish_what_was_taken_from_it(
    environment: dict[str, str],
) -> None:
    with worker(environment, "first") as first:
        with hold(environment):
            shell(environment, START.format(kind="held", count=1))
            wait_for(lambda: marks(environment), "the start of the job")
            stop(first, environment)
        with worker(environment, "second"):
            wait_for(lambda: ended(environment), "the end of the job by the second worker")
            os.killpg(first.pid, signal.SIGCONT)
            time.sleep(3)
    assert [line[4] for line in ended(environment)] == ["2"]
    found = state(environment)
    assert found["jobs"] == [["completed", 2]]
    assert [kind for _, kind, _ in found["messages"]].count("done") == 1
    assert found["messages"][-1][1] == "done"


@pytest.mark.campaign
def test_of_workers_that_race_for_rows_each_row_is_done_once(environment: dict[str, str]) -> None:
    count = 40
    shell(environment, START.format(kind="quick", count=count))
    command = [sys.executable, "manage.py", "shell", "-v0", "--command", EXECUTE.format(count=count)]
    racers = [subprocess.Popen(command, cwd=PROJECT, env=environment) for _ in range(3)]
    assert [racer.wait(HANG) for racer in racers] == [0, 0, 0]
    starts = [line for line in marks(environment) if line[2] == "start"]
    assert sorted(int(line[3]) for line in starts) == list(range(1, count + 1))
    assert len({line[1] for line in starts}) > 1, "there was no race"
    assert {tuple(job) for job in state(environment)["jobs"]} == {("completed", 1)}


@pytest.mark.campaign
def test_a_follower_misses_no_message_while_processes_write_at_once(environment: dict[str, str]) -> None:
    shell(environment, START.format(kind="quick", count=1))
    shell(environment, CLAIM)
    shell_command = [sys.executable, "manage.py", "shell", "-v0", "--command"]
    writers = [
        subprocess.Popen([*shell_command, code], cwd=PROJECT, env=environment, stdout=subprocess.PIPE)
        for code in (WRITE, WRITE, WRITE, FOLLOW)
    ]
    output = [writer.communicate(timeout=HANG)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    assert json.loads(output[-1].splitlines()[-1]) == list(range(1, 121))
