"""The check of invariants finds what it is meant to find, and nothing on a site that works."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.catalog import identity, storage
from apps.catalog.models import File, Installation
from apps.jobs.models import Channel, Job
from apps.submissions.models import Submission, SubmittedFile
from apps.submissions.operations import confirm
from apps.web.invariants import CHECKS, violations
from tests.factories.accounts import make_user
from tests.factories.contexts import make_change, make_whole_context
from tests.factories.jobs import make_job
from tests.factories.locks import make_lock
from tests.factories.submissions import make_submission, make_upload_submission

pytestmark = pytest.mark.django_db


def found() -> list[str]:
    return [f"{name}: {text}" for name, text in violations()]


def make_site(number: int = 1) -> None:
    context = make_whole_context(number)
    make_change(context, pointer="edit")
    make_change(context)


def test_a_site_that_works_has_no_violation() -> None:
    make_site(5)
    user = make_user()
    submission = make_upload_submission()
    assert found() == []
    confirm(submission, user=user)
    Submission.objects.update(cleared_at=timezone.now())
    assert found() == []


def change_bytes() -> None:
    path = storage.path_of("jwst_miri_dark_0001.fits")
    path.chmod(0o644)
    path.write_bytes(b"other")


def lose_bytes() -> None:
    storage.path_of("jwst_miri_dark_0001.fits").unlink()


def leave_a_reserved_name() -> None:
    SubmittedFile.objects.create(
        submission=make_submission(status="failed"), name="x.fits", official_name="y.fits", is_reserved=True
    )


def let_eras_fall() -> None:
    make_change("jwst_0001.pmap", started_at=datetime(2015, 1, 1, tzinfo=UTC))


def name_an_unknown_context() -> None:
    make_change("jwst_0099.pmap", started_at=datetime(2017, 1, 1, tzinfo=UTC))


def lose_an_official_row() -> None:
    submission = make_submission(status="confirmed", new_context="jwst_0042.pmap")
    SubmittedFile.objects.create(
        submission=submission, name="x.fits", official_name="z.fits", official_sha1sum="0" * 40
    )


def lock_for_nobody() -> None:
    make_lock(user="nobody-at-all")


def leave_a_channel_open() -> None:
    job = make_job()
    Job.objects.filter(pk=job.pk).update(status="failed", finished_at=timezone.now(), attempts=1)
    assert Channel.objects.filter(job=job, done_at=None).exists()


def lose_a_job() -> None:
    make_submission(status="processing")


def lose_staged_bytes() -> None:
    make_user()
    submission = make_upload_submission()
    for path in submission.folder.rglob("*.fits"):
        path.unlink()


def leave_a_folder() -> None:
    submission = make_submission(status="cancelled", cleared_at=timezone.now())
    submission.folder.mkdir(parents=True)


def lose_a_reference() -> None:
    File.objects.filter(name="jwst_miri_dark_0002.fits").update(held_at=None, state="delivered")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (change_bytes, "bytes and sums: changed: jwst_miri_dark_0001.fits"),
        (lose_bytes, "bytes and sums: missing: jwst_miri_dark_0001.fits"),
        (leave_a_reserved_name, "names: y.fits is reserved"),
        (let_eras_fall, "history: latest: jwst_0001.pmap does not start after"),
        (name_an_unknown_context, "history: jwst_0099.pmap was named by a pointer"),
        (lose_an_official_row, "z.fits is not official with its bytes"),
        (lose_an_official_row, "made jwst_0042.pmap, but no official file"),
        (lock_for_nobody, "locks: "),
        (leave_a_channel_open, "jobs: The channel"),
        (lose_a_job, "is processing with 0 jobs instead of one"),
        (lose_staged_bytes, "folders: "),
        (leave_a_folder, "has a folder, but its submission is over"),
        (lose_a_reference, "newest contexts: jwst_0001.pmap, which is edit, lacks 1 files"),
    ],
)
def test_each_kind_of_harm_is_found(harm: Callable[[], None], words: str) -> None:
    make_site()
    harm()
    assert any(words in text for text in found()), found()


def test_the_command_prints_violations_and_fails(data_root: Any) -> None:
    Installation.objects.all().delete()
    identity.settle()
    make_site()
    out = io.StringIO()
    call_command("doctor", "--invariants", stdout=out)
    assert out.getvalue() == f"{len(CHECKS)} checks of invariants, 0 violations.\n"
    lose_bytes()
    with pytest.raises(CommandError):
        call_command("doctor", "--invariants", stdout=out)
    assert "1 violations" in out.getvalue() or "2 violations" in out.getvalue()
