"""Leases of jobs beside frozen workers and wrong clocks."""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone

from apps.catalog.ledger_lock import lock_ledger
from apps.contexts import operations as contexts
from apps.core import heartbeat
from apps.core.errors import ConflictError
from apps.jobs import operations
from apps.jobs.errors import TryLater
from apps.jobs.models import Job
from apps.jobs.pipeline import claim, execute, jobs_to_announce, put_back_lost_jobs
from apps.jobs.pipeline.claim import STALE, beat
from tests.factories.contexts import make_context
from tests.factories.jobs import make_job
from tests.patience import HANG

pytestmark = pytest.mark.django_db

AN_HOUR = timedelta(hours=1)
EXPIRED = timedelta(seconds=STALE * django_settings.HEARTBEAT_SECONDS + 5)


def test_a_job_is_taken_after_a_clock_that_went_back(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = timezone.now() + AN_HOUR
    with monkeypatch.context() as later:
        later.setattr(timezone, "now", lambda: ahead)
        job = operations.start("test", subject_id=None, user="ann", channel=None)
    assert jobs_to_announce() == [job.pk]
    assert claim(job.pk) is not None


def test_a_job_that_was_put_off_still_waits() -> None:
    job = make_job(not_before=timezone.now() + AN_HOUR)
    assert claim(job.pk) is None
    assert jobs_to_announce() == []


def test_a_dead_worker_is_missed_after_a_clock_that_went_back() -> None:
    job = make_job()
    claim(job.pk)
    Job.objects.update(heartbeat_at=timezone.now() + AN_HOUR)
    assert put_back_lost_jobs() == 0
    job.refresh_from_db()
    assert abs(job.heartbeat_at - timezone.now()) < timedelta(minutes=1)
    Job.objects.update(heartbeat_at=job.heartbeat_at - EXPIRED)
    assert put_back_lost_jobs() == 1


@pytest.mark.needs("postgresql")
def test_a_worker_whose_own_clock_is_wrong_keeps_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job()
    claimed = claim(job.pk)
    with monkeypatch.context() as wrong:
        wrong.setattr(timezone, "now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
        assert beat(claimed)
    assert put_back_lost_jobs() == 0


@pytest.mark.parametrize("hours", [-1, 1])
def test_the_sign_of_a_dead_worker_is_not_fresh_whatever_the_clock_did(
    data_root: Any, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    heartbeat.beat()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600 * hours)
    assert heartbeat.age() > 3000


@contextlib.contextmanager
def frozen(
    statement: str, parameters: tuple[Any, ...], *, seconds: float = 3
) -> Iterator[psycopg.Connection[Any]]:
    """Run a statement in the transaction of a process that then freezes: the server must end it."""
    described = connection.get_connection_params()
    for name in ("pool", "cursor_factory", "context", "prepare_threshold"):
        described.pop(name, None)
    # The time after which the server ends it is the setting of the site, only shorter.
    described["options"] += f" -c idle_in_transaction_session_timeout={seconds * 1000:.0f}"
    other = psycopg.connect(**described)
    try:
        other.execute(statement, parameters)
        yield other
    finally:
        other.close()


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_sweeps_do_not_queue_behind_a_worker_that_froze_in_its_heartbeat() -> None:
    stuck, other = make_job(), make_job()
    for job in (stuck, other):
        claim(job.pk)
    Job.objects.update(heartbeat_at=timezone.now() - EXPIRED)
    statement = "UPDATE jobs_job SET heartbeat_at = now() - interval '1 day' WHERE id = %s"
    with frozen(statement, (stuck.pk,), seconds=HANG) as holder:
        assert put_back_lost_jobs() == 1
        assert jobs_to_announce() == [other.pk]
        holder.execute(
            "SELECT 1"
        )  # It fails if the server has ended the transaction: nobody waited for that.
        holder.rollback()
        assert put_back_lost_jobs() == 1
    stuck.refresh_from_db()
    assert stuck.status == "queued"


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_ledger_that_a_frozen_process_locks_delays_set_context_for_a_while_only() -> None:
    make_context()
    lock_ledger_once()
    with frozen("SELECT * FROM catalog_revision WHERE id = 1 FOR UPDATE", ()):
        change = contexts.set_context(pointer="edit", context="jwst_0001.pmap", user="ann", reason="Because.")
    assert change.context == "jwst_0001.pmap"


def lock_ledger_once() -> None:
    with transaction.atomic():
        lock_ledger()


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_ledger_that_is_locked_for_too_long_is_told() -> None:
    make_context()
    lock_ledger_once()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 500")
    try:
        with (
            frozen("SELECT * FROM catalog_revision WHERE id = 1 FOR UPDATE", ()),
            pytest.raises(ConflictError, match="Nothing was changed; try again"),
        ):
            contexts.set_context(pointer="edit", context="jwst_0001.pmap", user="ann", reason="Because.")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def try_later(_job: Job) -> None:
    raise TryLater("Not now.", pause=timedelta(seconds=15))


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_worker_whose_own_clock_is_wrong_puts_a_job_off_by_the_pause(
    monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    job, wrong = make_job(), timezone.now() + hours * AN_HOUR
    monkeypatch.setattr("apps.jobs.pipeline.run.function_of", lambda _kind: try_later)
    with monkeypatch.context() as shifted:
        shifted.setattr(timezone, "now", lambda: wrong)
        execute(job.pk)
    job.refresh_from_db()
    assert abs(job.not_before - timezone.now() - timedelta(seconds=15)) < timedelta(minutes=1)
