import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from apps.jobs import operations, queries
from apps.jobs.errors import JobAbortedError, JobStopped, LostClaimError, TryLater
from apps.jobs.models import Channel, Job
from apps.jobs.pipeline import (
    claim,
    clean_channels,
    execute,
    finish,
    jobs_to_announce,
    put_back_lost_jobs,
    require_claim,
    say,
)
from apps.jobs.states import Status
from apps.rules.errors import CrdsError
from tests.factories.cut_connections import cut_all_connections
from tests.factories.jobs import does, make_channel, make_job, make_running_job

pytestmark = pytest.mark.django_db

STALE = 4 * 15  # seconds


def told(job: Job) -> list[tuple[str, str, int | None]]:
    return [(m.type, m.text, m.status) for m in queries.messages(str(job.channel_id), 0)]


def run(job: Job) -> Job:
    execute(job.pk)
    job.refresh_from_db()
    return job


def test_a_job_is_run_and_its_end_is_the_last_message() -> None:
    def work(job: Job) -> None:
        say(job, "log_message", "one")
        say(job, "warning", "two")
        finish(job, 0, "http://localhost/display_result/1")

    does(work)
    job = run(make_job())
    assert job.status == Status.COMPLETED
    assert told(job) == [
        ("log_message", "one", None),
        ("warning", "two", None),
        ("done", "http://localhost/display_result/1", 0),
    ]


def test_a_function_that_says_no_end_has_ended_well() -> None:
    job = run(make_job())
    assert (job.status, told(job)) == (Status.COMPLETED, [("done", "Done.", 0)])


@pytest.mark.parametrize(("number", "status"), [(0, "completed"), (1, "failed"), (3, "cancelled")])
def test_the_number_of_the_end_decides_the_status(number: int, status: str) -> None:
    does(lambda job: finish(job, number, "text"))
    job = run(make_job())
    assert (job.status, told(job)[-1]) == (status, ("done", "text", number))


def test_an_error_the_submitter_can_cure_is_told_in_its_words() -> None:
    def work(job: Job) -> None:
        raise CrdsError("jwst_x.fits has no USEAFTER.")

    does(work)
    job = run(make_job())
    assert (job.status, told(job)) == (Status.FAILED, [("done", "jwst_x.fits has no USEAFTER.", 1)])


def test_our_own_error_is_logged_and_told_as_an_incident(caplog: Any) -> None:
    def work(job: Job) -> None:
        raise RuntimeError("a secret of the inside")

    does(work)
    job = run(make_job())
    assert told(job) == [("done", f"Internal error, incident job-{job.pk}.", 1)]
    assert "a secret of the inside" in caplog.text


def test_a_job_whose_database_goes_away_starts_again_and_fails_only_after_the_last_attempt(
    settings: Any,
) -> None:
    def work(job: Job) -> None:
        raise OperationalError("the connection is lost")

    settings.JOB_ATTEMPTS = 2
    does(work)
    job = run(make_job())
    assert (job.status, told(job)) == (Status.QUEUED, [])
    assert timedelta(seconds=5) < job.not_before - timezone.now() < timedelta(seconds=30)
    Job.objects.update(not_before=timezone.now())
    job = run(job)
    assert (job.status, job.attempts) == (Status.FAILED, 2)
    assert told(job)[-1][1].startswith("The database of this server does not answer now.")


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_job_that_loses_its_connection_is_done_at_its_next_attempt() -> None:
    def work(job: Job) -> None:
        say(job, "log_message", f"attempt {job.attempts}")
        if job.attempts == 1:
            with transaction.atomic():
                require_claim(job)
                cut_all_connections()
                require_claim(job)

    does(work)
    job = run(make_job())
    assert job.status == Status.QUEUED
    Job.objects.update(not_before=timezone.now())
    job = run(job)
    assert (job.status, job.attempts) == (Status.COMPLETED, 2)
    assert [text for _, text, _ in told(job)] == ["attempt 1", "attempt 2", "Done."]


def test_a_kind_that_is_no_longer_registered_fails_and_runs_nothing() -> None:
    job = make_job(kind="os.system")
    assert run(job).status == Status.FAILED
    assert "No job is of kind 'os.system'" in told(job)[-1][1]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.COMPLETED])
def test_a_second_announcement_finds_nothing_to_do(status: Status) -> None:
    runs = []
    does(lambda job: runs.append(job.pk))
    job = make_running_job()
    if status == Status.COMPLETED:
        finish(job, 0, "x")
    execute(job.pk)
    assert runs == []


@pytest.mark.parametrize(("offset", "is_taken"), [(-1, True), (0, True), (3600, False)])
def test_a_job_is_not_taken_before_its_time(offset: int, is_taken: bool) -> None:
    job = make_job(not_before=timezone.now() + timedelta(seconds=offset))
    assert (claim(job.pk) is not None) == is_taken
    assert jobs_to_announce(is_start=True) == []


def test_a_later_job_is_announced_by_the_sweep() -> None:
    later = timezone.now() + timedelta(hours=1)
    job = operations.start("test", subject_id=None, user="test", channel=None, not_before=later)
    assert jobs_to_announce() == []
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now())
    assert jobs_to_announce() == [job.pk]


@pytest.mark.parametrize(("silent_for", "is_lost"), [(STALE - 2, False), (STALE + 1, True)])
def test_a_job_goes_back_when_its_worker_is_silent_for_four_beats(silent_for: float, is_lost: bool) -> None:
    job = make_running_job(silent_for=silent_for)
    assert put_back_lost_jobs() == is_lost
    job.refresh_from_db()
    assert job.status == (Status.QUEUED if is_lost else Status.RUNNING)
    assert jobs_to_announce() == ([job.pk] if is_lost else [])


def test_a_worker_that_lost_its_claim_can_neither_speak_nor_finish() -> None:
    old = make_running_job(silent_for=STALE + 1)
    put_back_lost_jobs()
    new = claim(old.pk)
    assert new
    for _ in range(2):  # A refused write must not give it the claim of its successor.
        with pytest.raises(LostClaimError):
            say(old, "log_message", "from the dead")
        with pytest.raises(LostClaimError):
            finish(old, 0, "from the dead")
        with pytest.raises(LostClaimError):
            require_claim(old)
        assert not queries.has_claim(old)
    finish(new, 0, "http://localhost/x")
    assert [text for _, text, _ in told(new)] == [
        "The worker of this job died; another one takes it.",
        "http://localhost/x",
    ]


def test_a_lost_run_ends_quietly_and_leaves_the_job_to_its_successor() -> None:
    def work(job: Job) -> None:
        Job.objects.filter(pk=job.pk).update(status=Status.QUEUED)
        assert claim(job.pk)
        say(job, "log_message", "from the dead")

    does(work)
    job = run(make_job())
    assert (job.status, job.attempts, told(job)) == (Status.RUNNING, 2, [])


def test_a_job_that_kills_its_workers_fails_after_three() -> None:
    job = make_job()
    for attempt in (1, 2, 3):
        assert claim(job.pk), attempt
        Job.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=STALE + 1))
        assert put_back_lost_jobs() == 1
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.FAILED, 3)
    kind, text, status = told(job)[-1]
    assert (kind, status) == ("done", 1)
    assert "died 3 times" in text


def test_a_running_job_ends_at_its_next_message_when_aborted() -> None:
    after = []

    def work(job: Job) -> None:
        operations.abort(str(job.channel_id))
        assert not queries.has_claim(job)
        say(job, "log_message", "never seen")
        after.append(1)

    does(work)
    job = run(make_job())
    assert (job.status, told(job)) == (Status.CANCELLED, [("done", "Aborted on request.", 3)])
    assert not after


def test_steps_that_tell_errors_to_the_submitter_do_not_swallow_an_abort() -> None:
    assert not issubclass(JobAbortedError, CrdsError)
    assert not issubclass(LostClaimError, CrdsError)
    assert issubclass(JobAbortedError, JobStopped)


def test_a_job_whose_worker_died_is_not_started_again_when_it_was_aborted() -> None:
    job = make_running_job(silent_for=STALE + 1)
    operations.abort(str(job.channel_id))
    put_back_lost_jobs()
    job.refresh_from_db()
    assert (job.status, told(job)) == (Status.CANCELLED, [("done", "Aborted on request.", 3)])


def test_sweeps_do_not_pile_up_announcements() -> None:
    job = make_job()
    start, announced = timezone.now(), []
    for seconds in range(0, 3600, 15):
        # Time passes: move every noted moment back.
        Job.objects.update(queued_at=start - timedelta(seconds=seconds))
        if moment := Job.objects.get(pk=job.pk).announced_at:
            Job.objects.update(announced_at=moment - timedelta(seconds=15))
        announced += jobs_to_announce()
    assert 5 <= len(announced) <= 10, "twice as long a silence before each further announcement"


def test_a_worker_that_starts_announces_everything_that_waits() -> None:
    first, second = make_job(), make_job()
    assert jobs_to_announce() == []
    assert jobs_to_announce(is_start=True) == [first.pk, second.pk]


def test_an_announcement_is_noted_first_so_that_of_two_sweeps_one_makes_it() -> None:
    job = make_job(announced_at=None)
    assert jobs_to_announce() == [job.pk]
    assert jobs_to_announce() == []


@pytest.mark.parametrize(("hours", "is_removed"), [(167, False), (169, True)])
def test_channels_are_kept_a_week_after_their_end(hours: int, is_removed: bool) -> None:
    long_ago = timezone.now() - timedelta(hours=hours)
    job = make_running_job()
    finish(job, 0, "x")
    Channel.objects.update(opened_at=long_ago, done_at=long_ago)
    unused = make_channel(opened_at=long_ago)
    at_work = make_channel(opened_at=long_ago, taken_at=long_ago)
    clean_channels()
    known = [str(job.channel_id), unused.key, at_work.key]
    kept = set(Channel.objects.filter(key__in=known).values_list("key", flat=True))
    assert kept == ({at_work.key} if is_removed else set(known))
    assert Job.objects.filter(pk=job.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_comes_from_a_thread_while_the_work_goes_on(settings: Any) -> None:
    settings.HEARTBEAT_SECONDS = 0.05
    beats = set()

    def work(job: Job) -> None:
        for _ in range(20):
            time.sleep(0.03)
            beats.add(Job.objects.get(pk=job.pk).heartbeat_at)

    does(work)
    assert run(make_job()).status == Status.COMPLETED
    assert len(beats) >= 4


def test_work_that_cannot_be_done_now_waits_for_its_pause(settings: Any) -> None:
    def refuse(job: Job) -> None:
        raise TryLater("The server is away.", pause=timedelta(hours=1))

    does(refuse)
    job = run(make_job())
    assert (job.status, job.attempts, job.announced_at) == (Status.QUEUED, 1, None)
    assert timedelta(minutes=59) < job.not_before - timezone.now() < timedelta(minutes=61)
    assert jobs_to_announce(is_start=True) == []
    assert run(job).attempts == 1
    Job.objects.update(not_before=timezone.now())
    assert jobs_to_announce() == [job.pk]
    settings.JOB_KIND_ATTEMPTS = {job.kind: 2}
    job = run(job)
    assert (job.status, told(job)[-1]) == (Status.FAILED, ("done", "The server is away.", 1))


def test_a_worker_that_lost_its_job_does_not_put_it_off() -> None:
    def lose(job: Job) -> None:
        Job.objects.update(attempts=7)
        raise TryLater("The server is away.", pause=timedelta(hours=1))

    does(lose)
    job = run(make_job())
    assert (job.status, job.attempts) == (Status.RUNNING, 7)


def test_a_job_that_nobody_watches_has_no_channel() -> None:
    job = operations.start(make_job().kind, subject_id=1, user="", channel=None, is_watched=False)
    assert run(job).status == Status.COMPLETED
    assert Channel.objects.filter(job=job).count() == 0
