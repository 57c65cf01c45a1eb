"""`StatusModel`, by the table of jobs."""

import pytest
from django.utils import timezone

from apps.core.errors import ConflictError
from apps.jobs.models import Job
from apps.jobs.states import Status
from tests.factories.jobs import make_job, make_running_job

pytestmark = pytest.mark.django_db


def test_enter_moves_the_row_and_sets_the_changes() -> None:
    job = make_running_job()
    moment = timezone.now()
    job.enter(Status.COMPLETED, finished_at=moment)
    assert (job.status, job.finished_at) == (Status.COMPLETED, moment)
    assert Job.objects.get(pk=job.pk).status == Status.COMPLETED


def test_a_status_that_the_table_does_not_allow_is_refused_with_both_in_words() -> None:
    job = make_job()
    with pytest.raises(ConflictError, match=r"is queued and cannot become completed"):
        job.enter(Status.COMPLETED, finished_at=timezone.now())
    assert Job.objects.get(pk=job.pk).finished_at is None


def test_of_two_that_enter_the_second_is_refused() -> None:
    first = make_running_job()
    second = Job.objects.get(pk=first.pk)
    first.enter(Status.COMPLETED, finished_at=timezone.now())
    with pytest.raises(ConflictError, match="is completed"):
        second.enter(Status.FAILED, finished_at=timezone.now())
    assert Job.objects.get(pk=first.pk).status == Status.COMPLETED


def test_a_refused_object_learns_the_status_and_nothing_else() -> None:
    mine = make_running_job()
    Job.objects.filter(pk=mine.pk).update(attempts=2)
    with pytest.raises(ConflictError):
        mine.enter(Status.COMPLETED, finished_at=timezone.now())
    assert mine.attempts == 1, "it could finish the job of its successor the next time"


def test_a_status_outside_the_table_is_never_entered() -> None:
    with pytest.raises(ConflictError):
        make_job().enter("made up")
