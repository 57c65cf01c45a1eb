"""Faults around a submission: full disks, broken children, time, and people who give up."""

import errno
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.catalog import header_facts
from apps.catalog.errors import DamagedFileError, NotHeldError
from apps.catalog.models import File
from apps.certify.errors import BrokenCheckError, ChildError, KilledChildError, TimedOutError
from apps.certify.messages import CertifyJob, End, Event, FileVerdict, Log
from apps.core import files
from apps.jobs import operations as jobs
from apps.jobs.models import Job
from apps.mails.models import Mail
from apps.rules.errors import CrdsError
from apps.submissions import staging
from apps.submissions.errors import NoSpaceError
from apps.submissions.models import Submission
from apps.submissions.operations import cancel, confirm
from apps.submissions.pipeline import child_jobs, sweep
from apps.submissions.states import Kind
from tests.factories.sites import (
    claimed,
    deliver,
    find_user,
    job_of,
    make_content,
    process,
    said,
    snapshot,
)

pytestmark = pytest.mark.usefixtures("site")
REFERENCES: dict[str, Any] = {"kind": Kind.REFERENCES}
Answer = Callable[[CertifyJob], Iterator[Event]]


class Scripted:
    """A runner whose children find every file good, unless the test gives another answer."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.answer = answer or well

    def run(self, job: CertifyJob, *, is_aborted: Callable[[], bool]) -> Iterator[Event]:
        yield from self.answer(job)


def well(job: CertifyJob) -> Iterator[Event]:
    for path in job.files:
        yield FileVerdict(path.rsplit("/", 1)[1], 0, 0, "miri", "flat")
    yield End(0, 0, 0.1)


@pytest.fixture(autouse=True)
def child(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    runner = Scripted()
    monkeypatch.setattr(child_jobs, "runner_for", lambda _observatory: runner)
    return runner


def raising(error: Exception) -> Answer:
    def answer(_job: CertifyJob) -> Iterator[Event]:
        yield from ()
        raise error

    return answer


def ended(submission: Submission, status: str, reason: str) -> None:
    """Require that only the record is left of a submission, with this status and reason."""
    submission.refresh_from_db()
    assert (submission.status, submission.reason) == (status, reason)
    shot = snapshot()
    assert (shot.reserved, shot.locks, shot.folders, shot.edit) == ((), (), (), "jwst_0001.pmap")
    assert shot.stored == shot.files
    assert len(shot.files) == 9


@pytest.mark.parametrize("function", ["link", "replace", "fsync", "mkdir"])
def test_a_full_disk_ends_a_submission_with_these_words(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = deliver(**REFERENCES)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    place: Any = files.Path if function in ("replace", "mkdir") else files.os
    with monkeypatch.context() as patch:
        patch.setattr(place, function, full)
        process(submission)
    staging.clear(submission)
    assert "The server has no space left to stage" in submission.reason
    assert "Tell the operators, and try again later." in said(submission)
    ended(submission, "failed", submission.reason)
    assert process(deliver({}, **REFERENCES)).status == "ready"


def test_a_full_disk_refuses_a_new_submission(monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot()
    monkeypatch.setattr(files.os, "link", raising_full)
    with pytest.raises(NoSpaceError, match="no space left to stage flat"):
        deliver()
    assert (snapshot().folders, snapshot().files) == (before.folders, before.files)
    assert not Submission.objects.exists()


def raising_full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_breaks_its_child_costs_only_itself(child: Scripted) -> None:
    def answer(job: CertifyJob) -> Iterator[Event]:
        names = [path.rsplit("/", 1)[1] for path in job.files]
        if "bomb.fits" in names:
            raise BrokenCheckError("Looking at bomb.fits ended the check abruptly.", file="bomb.fits")
        yield from well(job)

    child.answer = answer
    files = {"bomb.fits": b"x", "flat.fits": b"y"}
    submission = process(deliver(files, **REFERENCES))
    assert {file.name: file.verdict for file in submission.files.all()} == {
        "bomb.fits": "ERRORS",
        "flat.fits": "OK",
    }
    ended(
        submission,
        "failed",
        "Certification found 1 error in bomb.fits. Looking at bomb.fits ended the check abruptly.",
    )


def test_what_we_must_cure_is_told_without_its_text(child: Scripted) -> None:
    child.answer = raising(ChildError("/srv/secret/path: traceback"))
    submission = process(deliver())
    number = job_of(submission).pk
    ended(
        submission,
        "failed",
        f"Internal error, incident job-{number}. Your files were not changed. Tell the operators.",
    )
    assert "secret" not in said(submission)


def test_a_check_that_was_killed_starts_again_and_fails_only_after_the_last_attempt(
    child: Scripted, settings: Any
) -> None:
    child.answer = raising(KilledChildError("status -9"))
    submission = process(deliver())
    assert submission.status == "processing"
    for attempt in range(1, settings.JOB_ATTEMPTS):
        job = job_of(submission)
        assert (job.status, job.attempts) == ("queued", attempt)
        Job.objects.filter(pk=job.pk).update(not_before=timezone.now() - timedelta(seconds=1))
        submission = process(submission)
    assert submission.status == "failed"
    assert "Internal error" in submission.reason


def test_a_submission_whose_database_goes_away_starts_again(child: Scripted) -> None:
    usual = child.answer
    child.answer = raising(OperationalError("the connection is lost"))
    submission = process(deliver(**REFERENCES))
    assert (submission.status, job_of(submission).status) == ("processing", "queued")
    child.answer = usual
    Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert process(submission).status == "ready"


def test_a_check_that_was_killed_once_ends_as_if_alone(child: Scripted) -> None:
    usual = child.answer
    child.answer = raising(KilledChildError("status -9"))
    submission = process(deliver(**REFERENCES))
    child.answer = usual
    Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert process(submission).status == "ready"


@pytest.mark.parametrize(
    "error", [DamagedFileError("jwst_0001.pmap has sha1sum x."), NotHeldError("Not here.")]
)
def test_a_damaged_store_is_not_blamed_on_the_files(
    error: CrdsError, child: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    child.answer = raising(error)
    submission = process(deliver())
    incident = f"incident job-{job_of(submission).pk}"
    assert submission.reason == f"{error} I{incident[1:]}. Your files were not changed. Tell the operators."
    assert submission.reason in said(submission)
    assert f"{incident}: {error}" in caplog.text


def test_a_check_that_takes_too_long_times_out(child: Scripted) -> None:
    child.answer = raising(TimedOutError("Certification took longer than 60 s while it looked at flat.fits."))
    submission = process(deliver())
    ended(submission, "timed out", "Certification took longer than 60 s while it looked at flat.fits.")
    assert job_of(submission).status == "failed"


@pytest.mark.parametrize("by", ["client", "page"])
def test_a_submission_that_waits_ends_at_once_if_it_is_aborted(by: str) -> None:
    submission = deliver()
    if by == "client":
        jobs.abort(submission.channel)
        sweep()
        ended(submission, "cancelled", "Aborted on request.")
    else:
        cancel(submission, user=find_user())
        ended(submission, "cancelled", "Cancelled by homer.")
    assert process(submission).status == "cancelled"


def test_a_submission_in_work_ends_at_its_next_message(child: Scripted) -> None:
    submission = deliver(**REFERENCES)

    def answer(job: CertifyJob) -> Iterator[Event]:
        jobs.abort(submission.channel)
        cancel(Submission.objects.get(), user=find_user())
        assert Submission.objects.get().status == "processing"
        yield from well(job)

    child.answer = answer
    process(submission)
    ended(submission, "cancelled", "Aborted on request.")
    assert job_of(submission).status == "cancelled"


def test_a_worker_taken_for_dead_writes_nothing_more(child: Scripted) -> None:
    submission = deliver(**REFERENCES)

    def answer(job: CertifyJob) -> Iterator[Event]:
        Job.objects.update(attempts=7)  # Another worker has taken the job.
        yield from well(job)

    child.answer = answer
    process(submission)
    assert (submission.status, submission.files.get().errors) == ("processing", None)
    assert job_of(submission).status == "running"


def test_a_submission_whose_workers_all_died_fails() -> None:
    submission = deliver()
    job = claimed(submission)
    Job.objects.filter(pk=job.pk).update(status="failed", finished_at=timezone.now())
    sweep()
    ended(submission, "failed", f"Internal error, incident job-{job.pk}: its worker died.")


def test_a_ready_submission_is_warned_of_its_lock_once_and_ended_if_nobody_comes(settings: Any) -> None:
    settings.MAIL_LISTS = ["crds@example.org"]
    submission = process(deliver(**REFERENCES))
    lock = submission.find_lock()
    assert lock
    lock.expires_at = timezone.now() + timedelta(minutes=20)
    lock.save()
    sweep()
    sweep()
    assert Mail.objects.filter(subject__icontains="lock").count() == 1
    Submission.objects.update(ready_at=timezone.now() - timedelta(days=settings.READY_DAYS, seconds=-60))
    sweep()
    assert Submission.objects.get().status == "ready"
    Submission.objects.update(ready_at=timezone.now() - timedelta(days=settings.READY_DAYS, seconds=1))
    sweep()
    ended(submission, "timed out", "Nobody confirmed or cancelled it within 14 days.")


def test_a_lock_that_is_lost_half_way_stops_nothing_but_the_confirmation(child: Scripted) -> None:
    def answer(job: CertifyJob) -> Iterator[Event]:
        lock = submission.find_lock()
        assert lock
        lock.delete()
        yield from well(job)

    child.answer = answer
    submission = deliver(**REFERENCES)
    assert process(submission).status == "ready"
    assert cancel(submission, user=find_user("marge")).status == "cancelled"


def test_names_of_submissions_that_ended_are_given_again(child: Scripted) -> None:
    first = process(deliver(**REFERENCES))
    assert first.files.get().official_name == "jwst_miri_flat_0002.fits"
    cancel(first, user=find_user())
    second = process(deliver({"gain.fits": make_content("gain")}, **REFERENCES))
    assert {file.official_name for file in second.files.all()} == {
        "jwst_miri_flat_0002.fits",
        "jwst_miri_flat_0003.fits",
    }


def test_names_are_kept_without_auto_rename_if_nobody_has_them() -> None:
    kept = process(deliver({"jwst_miri_flat_0042.fits": b"x"}, is_renamed=False, **REFERENCES))
    assert kept.files.get().official_name == "jwst_miri_flat_0042.fits"
    cancel(kept, user=find_user())
    taken = process(deliver({"jwst_miri_flat_0001.fits": b"y"}, is_renamed=False, **REFERENCES))
    assert taken.reason == (
        "jwst_miri_flat_0001.fits is the name of another file already, and names are never reused: "
        "rename it, or let it be renamed."
    )


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 100_000])
def test_whatever_a_file_says_can_be_stored(text: str, child: Scripted) -> None:
    def answer(_job: CertifyJob) -> Iterator[Event]:
        yield Log("ERROR", text, "flat.fits")
        yield FileVerdict("flat.fits", 1, 0, text, text)
        yield End(1, 0, 0.1)

    child.answer = answer
    submission = process(deliver(**REFERENCES))
    assert submission.status == "failed"
    assert "Internal" not in submission.reason


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 100_000])
def test_whatever_a_header_says_can_be_catalogued(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keywords = ("DESCRIP", "AUTHOR", "PEDIGREE", "HISTORY", "USEAFTER", "APERTURE", "REFTYPE")
    monkeypatch.setattr(header_facts, "read_header", lambda *_: dict.fromkeys(keywords, text))
    submission = process(deliver(**REFERENCES))
    assert submission.status == "ready", submission.reason
    confirm(submission, user=find_user())
    assert File.objects.get(name="jwst_miri_flat_0002.fits").pedigree in ("ab", "?", "x" * 80)
