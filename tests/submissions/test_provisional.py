"""Provisional files: confirmed at once by policy, marked, and replaced by what a person certifies."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.catalog.models import File
from apps.contexts import queries as contexts
from apps.locks.models import Lock
from apps.locks.operations import acquire
from apps.mails.models import Mail
from apps.submissions import tasks
from apps.submissions.models import Submission
from apps.submissions.operations import SubmissionOptions, confirm, confirm_left_provisional, start
from tests.factories.definitions import overlaid
from tests.factories.sites import BASE, find_user, make_content, make_ready, process, said, upload

POLICY = "observatory: jwst\nversion: 1\ninstruments: {miri: {flat: {provisional: yes}}}\n"
FIRST, SECOND = "jwst_miri_flat_0002.fits", "jwst_miri_flat_0003.fits"


@pytest.fixture
def policy(site: str) -> Iterator[None]:
    with overlaid(POLICY):
        yield


def by_token(files: dict[str, bytes] | None = None, **options: str) -> Submission:
    """Do what a program with a token and then a worker do."""
    person = find_user()
    person.scopes = frozenset({"submitter"})
    upload(person, files or {"flat.fits": make_content()})
    acquire(instrument="miri", user="homer")
    facts = {"instrument": "miri", "context": BASE, "description": "Made in the night."} | options
    return process(start(SubmissionOptions(kind="batch", **facts), user=person, lock_key=None, channel=None))


def test_a_program_delivers_a_provisional_file_and_a_person_replaces_it(policy: None) -> None:
    delivered = by_token()
    assert (delivered.status, delivered.is_provisional) == ("confirmed", True)
    file = File.objects.get(name=FIRST)
    assert file.provisional
    assert not File.objects.filter(kind="mapping", provisional=True).exists()
    assert contexts.resolve("jwst-edit") == delivered.new_context
    assert "confirmed at once" in said(delivered)

    again = {"flat.fits": make_content(HISTORY="better")}
    certified = confirm(make_ready(again, context=delivered.new_context), user=find_user())
    file.refresh_from_db()
    assert (file.replaced_by, certified.is_provisional) == (SECOND, False)
    assert not File.objects.get(name=SECOND).provisional

    late = by_token({"flat.fits": make_content(HISTORY="the night after")}, context=certified.new_context)
    assert (late.status, late.is_provisional) == ("ready", False)
    assert f"would replace certified ones: {SECOND}" in said(late)


def test_a_person_waits_for_a_confirmation_as_ever(policy: None) -> None:
    submission = make_ready()
    assert not submission.is_by_token
    confirm(submission, user=find_user())
    assert not File.objects.get(name=FIRST).provisional


def test_a_program_without_a_policy_waits_as_ever(site: str) -> None:
    assert by_token().status == "ready"


def test_a_sweep_confirms_what_a_killed_worker_has_left(
    policy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.submissions.operations.confirm_provisional", lambda _: None)
    left = by_token()
    assert (left.status, left.is_provisional) == ("ready", True)
    assert confirm_left_provisional() == 0  # Its worker may still be at it.
    Submission.objects.filter(pk=left.pk).update(ready_at="2026-01-01T00:00:00Z")
    assert confirm_left_provisional() == 1
    left.refresh_from_db()
    assert left.status == "confirmed"


def test_a_person_who_confirms_first_certifies_the_files(
    policy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.submissions.operations.confirm_provisional", lambda _: None)
    confirm(by_token(), user=find_user())
    assert not File.objects.get(name=FIRST).provisional


def test_a_delivery_whose_lock_was_broken_waits_and_its_submitter_hears(
    policy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "operations", SimpleNamespace(confirm_provisional=lambda _: None))
    find_user()
    User.objects.update(email="homer@example.org")
    submission = by_token()
    assert (submission.status, submission.is_provisional) == ("ready", True)
    assert not Mail.objects.filter(key__contains="ready").exists()
    Lock.objects.all().delete()
    Submission.objects.update(ready_at=timezone.now() - timedelta(minutes=1))
    confirm_left_provisional()
    submission.refresh_from_db()
    assert (submission.status, submission.is_provisional) == ("ready", False)
    assert Mail.objects.filter(key__contains="ready").exists()


def test_our_fault_in_one_submission_does_not_keep_the_others_waiting(
    policy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "operations", SimpleNamespace(confirm_provisional=lambda _: None))
    submission = by_token()
    Submission.objects.update(ready_at=timezone.now() - timedelta(minutes=1))

    def fail(*_: object, **__: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("apps.submissions.operations.provisional.confirm", fail)
    assert confirm_left_provisional() == 1
    submission.refresh_from_db()
    assert (submission.status, submission.is_provisional) == ("ready", False)


def test_what_a_person_certified_since_the_checks_is_not_replaced(
    policy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = by_token()
    monkeypatch.setattr(tasks, "operations", SimpleNamespace(confirm_provisional=lambda _: None))
    late = by_token({"flat.fits": make_content(HISTORY="the night after")}, context=first.new_context)
    assert (late.status, late.is_provisional) == ("ready", True)
    File.objects.filter(name=FIRST).update(provisional=False)
    Submission.objects.filter(pk=late.pk).update(ready_at=timezone.now() - timedelta(minutes=1))
    confirm_left_provisional()
    late.refresh_from_db()
    assert (late.status, late.is_provisional) == ("ready", False)
