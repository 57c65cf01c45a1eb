import contextlib
from typing import Any

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from apps.jobs import tasks
from apps.jobs.models import Job
from apps.jobs.pipeline import jobs_to_announce
from apps.mails.addresses import MOST
from apps.mails.models import Mail
from apps.mails.operations import post
from tests.factories.mails import job_of, make_mail


class CancelError(Exception):
    """Ends a transaction."""


@pytest.mark.django_db(transaction=True)
def test_the_job_is_announced_when_the_transaction_is_committed(announced: list[int]) -> None:
    with transaction.atomic():
        mail = make_mail()
        assert announced == []
    job = job_of(mail)
    assert announced == [job.pk]
    assert (job.status, job.attempts, job.channel_id) == ("queued", 0, None)
    assert (mail.recipients, mail.sent_at) == (["ann@example.org"], None)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_undone_leaves_no_mail(announced: list[int]) -> None:
    with contextlib.suppress(CancelError), transaction.atomic():
        make_mail()
        raise CancelError
    assert not Mail.objects.exists()
    assert not Job.objects.exists()
    assert announced == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError("refused"), OSError("away"), ValueError("unforeseen")])
def test_a_broker_that_is_away_neither_loses_the_mail_nor_fails_the_caller(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(tasks.execute, "apply_async", refuse)
    with transaction.atomic():
        mail = make_mail()
    assert str(error) in caplog.text
    assert jobs_to_announce(is_start=True) == [job_of(mail).pk], "the sweep announces it again"


@pytest.mark.django_db
def test_an_event_is_reported_once(announced: list[int], django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = make_mail(subject="first")
        make_mail(subject="second")
    assert Mail.objects.get().subject == "first"
    assert announced == [job_of(first).pk]


@pytest.mark.django_db
def test_configured_lists_get_every_mail_and_nobody_gets_it_twice(settings: Any) -> None:
    settings.MAIL_LISTS = ["data@example.org"]
    mail = make_mail(
        recipients=("Ann@example.org", "ann@EXAMPLE.org", "DATA@example.org", "", " bob@example.org ")
    )
    assert mail.recipients == ["data@example.org", "Ann@example.org", "bob@example.org"]


@pytest.mark.django_db
def test_addresses_that_are_none_are_dropped_and_logged(caplog: Any) -> None:
    mail = make_mail(recipients=("ann@example.org", "bob", "eve@example.org\nBcc: all@example.org"))
    assert mail.recipients == ["ann@example.org"]
    assert "'bob'" in caplog.text
    assert "Bcc" in caplog.text


@pytest.mark.django_db
def test_a_mail_to_nobody_is_not_written(caplog: Any) -> None:
    post(key="k", recipients=["bob", ""], subject="s", text="t")
    assert not Mail.objects.exists()
    assert "mail k was not written: it has no recipient" in caplog.text


@pytest.mark.django_db
def test_a_mail_to_very_many_goes_to_the_lists_and_the_first_of_them(settings: Any, caplog: Any) -> None:
    settings.MAIL_LISTS = ["data@example.org"]
    mail = make_mail(recipients=tuple(f"u{number}@example.org" for number in range(1000)))
    assert len(mail.recipients) == MOST
    assert mail.recipients[0] == "data@example.org"
    assert "1001 recipients" in caplog.text


@pytest.mark.django_db
def test_what_no_database_keeps_can_be_mailed() -> None:
    mail = make_mail(subject="a\0b\ud800c", text="line\0 one\r\nline\x85two\ud800\n\n\n\nend\n\n")
    assert mail.subject == "a b c"
    assert mail.text == "line  one\nline\ntwo\n\nend\n"
