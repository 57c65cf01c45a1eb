"""Lanes of jobs: their width, the cap of one person, and fair turns."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.core.management.commands.up import THREADS
from apps.jobs.models import Job
from apps.jobs.pipeline import execute, lanes
from apps.jobs.pipeline.claim import STALE
from crds_server import settings as ours
from tests.factories.jobs import KIND, does, make_job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def narrow_lanes(settings: Any) -> None:
    settings.JOB_LANES = {KIND: 3}
    settings.JOBS_OF_PEOPLE = {KIND}
    settings.JOBS_PER_PERSON = 2


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the keys of the jobs that the end of another one announced."""
    found: list[int] = []
    monkeypatch.setattr("apps.jobs.pipeline.run.announce", found.append)
    return found


def running(user: str, count: int = 1) -> None:
    for _ in range(count):
        job = make_job(user=user)
        Job.objects.filter(pk=job.pk).update(
            status="running", attempts=1, heartbeat_at=job.queued_at, started_at=job.queued_at
        )


def status_of(job: Job) -> str:
    return str(Job.objects.get(pk=job.pk).status)


@pytest.mark.parametrize(("others", "status"), [(1, "completed"), (2, "completed"), (3, "queued")])
def test_a_lane_has_a_width(announced: list[int], others: int, status: str) -> None:
    for number in range(others):
        running(f"user{number}")
    job = make_job(user="ann")
    execute(job.pk)
    assert status_of(job) == status


def test_jobs_of_dead_workers_leave_room_in_a_lane(announced: list[int]) -> None:
    for number in range(3):
        running(f"user{number}")
    Job.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=STALE * ours.HEARTBEAT_SECONDS + 5))
    job = make_job(user="ann")
    assert lanes.find_next(KIND) == job.pk
    execute(job.pk)
    assert status_of(job) == "completed"


@pytest.mark.parametrize(("own", "status"), [(1, "completed"), (2, "queued")])
def test_one_person_does_not_fill_a_lane(announced: list[int], own: int, status: str) -> None:
    running("ann", own)
    first, other = make_job(user="ann"), make_job(user="bob")
    execute(first.pk)
    execute(other.pk)
    assert status_of(first) == status
    assert status_of(other) == "completed"


def test_work_of_nobody_has_no_cap_of_a_person(announced: list[int]) -> None:
    running("", 2)
    job = make_job(user="")
    execute(job.pk)
    assert status_of(job) == "completed"


def test_turns_go_to_the_person_with_the_fewest_running_jobs(announced: list[int]) -> None:
    running("ann")
    ended, flood, other = make_job(user="ann"), make_job(user="ann"), make_job(user="bob")
    execute(ended.pk)
    assert announced == [other.pk]
    execute(other.pk)
    assert announced == [other.pk, flood.pk]


def test_thousands_of_jobs_of_one_person_hide_nobody_else(announced: list[int]) -> None:
    running("ann", 2)
    like = make_job(user="ann")
    Job.objects.bulk_create(
        Job(kind=KIND, user="ann", queued_at=like.queued_at, not_before=like.not_before) for _ in range(2000)
    )
    other = make_job(user="bob")
    assert lanes.find_next(KIND) == other.pk


def test_the_end_of_a_job_announces_no_job_that_waits_for_a_moment_or_is_another_kind(
    announced: list[int],
) -> None:
    ended, other = make_job(), make_job()
    Job.objects.filter(pk=other.pk).update(kind="other")
    execute(ended.pk)
    assert announced == []


def test_all_lanes_together_leave_threads_for_housekeeping() -> None:
    assert sum(ours.JOB_LANES.values()) <= THREADS - 2
    assert set(ours.JOB_LANES) == set(ours.JOB_KINDS)


def test_a_lane_is_free_again_after_a_job_that_failed(announced: list[int]) -> None:
    def fail(job: Job) -> None:
        raise RuntimeError("broken")

    does(fail)
    first, second = make_job(user="ann"), make_job(user="ann")
    execute(first.pk)
    assert status_of(first) == "failed"
    assert announced == [second.pk]
    assert lanes.find_next(KIND) == second.pk


def test_a_job_that_waits_for_room_keeps_its_attempts(announced: list[int]) -> None:
    running("ann", 2)
    job = make_job(user="ann")
    for _ in range(5):
        execute(job.pk)
    assert Job.objects.get(pk=job.pk).attempts == 0
