"""Rows of recent activity that decisions write: each row once, or none if the decision is rolled back."""

from typing import Any

import pytest

from apps.catalog.models import AuditRecord, File
from apps.locks.models import Lock
from apps.submissions import operations
from apps.submissions.mails import notify
from apps.submissions.models import Submission
from apps.submissions.pipeline.outcomes import end_badly
from apps.submissions.states import Kind, Status
from tests.factories.accounts import make_user
from tests.factories.submissions import (
    REFERENCE,
    RMAP,
    make_listing_submission,
    make_submission,
    make_upload_submission,
)

pytestmark = pytest.mark.django_db

IMAP, PMAP = "jwst_miri_0002.imap", "jwst_0002.pmap"


def rows(user: str = "homer") -> set[tuple[str, str, str, str]]:
    """Return action, filename, reason and details of all rows of a user; fail if there are two equal rows."""
    found = list(AuditRecord.objects.filter(user=user).values_list("action", "filename", "why", "details"))
    assert len(set(found)) == len(found)
    return set(found)


def confirm(submission: Submission) -> Submission:
    lock = submission.find_lock()
    assert lock
    return operations.confirm(submission, user=make_user())


@pytest.mark.parametrize(("kind", "action"), [(Kind.ADD, "add reference"), (Kind.DELETE, "delete reference")])
def test_listed_references_are_told_with_their_rmap(kind: str, action: str) -> None:
    submission = confirm(make_listing_submission(kind))
    why, delivered = submission.description, f"{submission.delivery}: {PMAP}, {IMAP}, {RMAP}"
    assert rows() == {
        (action, REFERENCE, why, f"{RMAP}: {REFERENCE}"),
        ("generate mapping", RMAP, why, "derived from jwst_miri_dark_0001.rmap"),
        ("generate mapping", IMAP, why, "derived from jwst_miri_0001.imap"),
        ("generate mapping", PMAP, why, "derived from jwst_0001.pmap"),
        ("set default context", PMAP, why, f"edit context changed from 'jwst_0001.pmap' to '{PMAP}'"),
        ("submit file", PMAP, why, delivered),
        ("submit file", IMAP, why, delivered),
        ("submit file", RMAP, why, delivered),
    }
    assert set(AuditRecord.objects.filter(action=action).values_list("instrument", "filekind")) == {
        ("miri", "dark")
    }


def test_an_uploaded_file_is_told_with_its_new_name() -> None:
    submission = confirm(make_upload_submission())
    assert rows() == {
        ("rename", REFERENCE, "New darks", f"new_dark.fits --> {REFERENCE}"),
        ("submit file", REFERENCE, "New darks", f"{submission.delivery}: {REFERENCE}"),
    }
    operations.confirm(submission, user=make_user("marge"))
    assert len(rows()) == 2
    assert rows("marge") == set()


def test_a_forced_submission_names_its_submitter() -> None:
    submission = make_upload_submission()
    Lock.objects.all().delete()
    operations.force(submission, user=make_user("marge"))
    told = ("force submit", "", "New darks", f"submission {submission.key} of homer")
    assert told in rows("marge")
    assert {action for action, *_ in rows("marge")} == {"force submit", "rename", "submit file"}


def test_nothing_is_told_of_what_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed at the end")

    submission = make_listing_submission()
    monkeypatch.setattr(notify, "ended", fail)
    with pytest.raises(RuntimeError):
        confirm(submission)
    assert rows() == set()
    assert not File.objects.filter(name__in=(RMAP, IMAP, PMAP)).exists()


def test_a_cancelled_submission_names_its_submitter() -> None:
    submission = make_upload_submission()
    Lock.objects.all().delete()
    operations.cancel(submission, user=make_user("marge"))
    operations.cancel(submission, user=make_user("bart"))
    assert rows("marge") == {("cancel submit", "", "New darks", f"submission {submission.key} of homer")}
    assert rows("bart") == set()


@pytest.mark.parametrize(
    ("kind", "status", "number"),
    [
        (Kind.BATCH, Status.CANCELLED, 1),
        (Kind.BATCH, Status.FAILED, 0),
        (Kind.BATCH, Status.TIMED_OUT, 0),
        (Kind.CERTIFY, Status.CANCELLED, 0),
    ],
)
def test_a_submission_that_its_worker_gives_up_is_told_if_somebody_wanted_it(
    kind: str, status: Status, number: int
) -> None:
    submission = make_submission(kind, status=Status.PROCESSING)
    end_badly(None, submission, status, "Aborted on request.")
    assert [action for action, *_ in rows()] == ["cancel submit"] * number
