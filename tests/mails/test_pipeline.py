import smtplib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail
from django.utils import timezone

from apps.mails import pipeline, queries, tasks
from apps.mails.models import Mail
from apps.mails.pipeline import ANSWERS, claim, deliver, pause_after, put_back_lost_mails
from apps.mails.states import Status
from tests.factories.mails import Mailbox, mail_server, make_mail, make_mail_being_sent

pytestmark = pytest.mark.django_db


def sent(mail: Mail) -> Mail:
    """Return the row after an attempt to send the mail, whose time has come."""
    Mail.objects.filter(pk=mail.pk).update(not_before=timezone.now())
    deliver(mail.pk)
    mail.refresh_from_db()
    return mail


def test_a_mail_server_gets_one_copy_for_each_recipient(mailbox: Mailbox, settings: Any) -> None:
    settings.MAIL_FROM = "crds@example.org"
    settings.PUBLIC_URL = "https://crds.example.org:8443"
    recipients = ("ann@example.org", "bob@example.org")
    mail = sent(
        make_mail(recipients=recipients, subject="Größe → neu", text="Zeile ä\n.\nFrom here " + "x" * 2000)
    )
    assert (mail.status, mail.attempts, mail.error) == (Status.SENT, 1, "")
    assert mail.sent_at is not None
    assert [envelope for envelope, _ in mailbox.got] == [["ann@example.org"], ["bob@example.org"]]
    [(_, first), (_, second)] = mailbox.got
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@crds.example.org>")
    assert (first["To"], first["From"]) == ("ann@example.org, bob@example.org", "crds@example.org")
    assert first["Subject"] == "Größe → neu"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_content_type() == "text/plain"
    assert first.get_content().replace("\r\n", "\n") == mail.text


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"])
def test_no_subject_makes_a_header(mailbox: Mailbox, break_: str) -> None:
    sent(make_mail(subject=f"late{break_}Bcc: all@example.org{break_}{break_}body"))
    [(envelope, message)] = mailbox.got
    assert envelope == ["ann@example.org"]
    assert message["Bcc"] is None
    assert message["Subject"] == "late Bcc: all@example.org body"


def test_without_mail_server_mails_are_files_below_the_data_root(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = settings.DATA_ROOT / "mails"
    assert sent(make_mail()).status == Status.SENT
    [path] = Path(settings.EMAIL_FILE_PATH).iterdir()
    text = path.read_text()
    assert "Subject: [CRDS jwst dev] READY miri new flats" in text
    assert "The checks have ended." in text


def test_a_mail_waits_until_the_mail_server_is_back(smtp_port: int) -> None:
    mail = sent(make_mail())
    assert (mail.status, mail.attempts) == (Status.WAITING, 1)
    assert "refused" in mail.error
    assert queries.due_mails() == []
    deliver(mail.pk)
    mail.refresh_from_db()
    assert mail.attempts == 1, "it was tried again before its pause was over"
    with mail_server(smtp_port) as mailbox:
        mail = sent(mail)
    assert (mail.status, mail.attempts, mail.error) == (Status.SENT, 2, "")
    assert mailbox.served == ["ann@example.org"]


@pytest.mark.usefixtures("smtp_port")
def test_a_mail_that_cannot_be_sent_fails_after_its_last_attempt(settings: Any, caplog: Any) -> None:
    settings.MAIL_ATTEMPTS = 3
    mail = make_mail()
    assert [sent(mail).status for _ in range(4)] == ["waiting", "waiting", "failed", "failed"]
    assert mail.attempts == 3
    assert "has failed after 3 attempts" in caplog.text
    assert queries.due_mails() == []


def test_the_pauses_grow_to_six_hours() -> None:
    minutes = [pause_after(attempts).total_seconds() / 60 for attempts in (1, 2, 3, 4, 5, 6, 9, 10**6)]
    assert minutes == [1, 4, 16, 64, 256, 360, 360, 360]


def test_a_bad_address_costs_the_others_nothing_and_they_get_no_second_copy(
    mailbox: Mailbox, settings: Any
) -> None:
    settings.MAIL_ATTEMPTS = 2
    mailbox.refused = {"bob@example.org"}
    mail = sent(make_mail(recipients=("ann@example.org", "bob@example.org", "cas@example.org")))
    assert (mail.status, mail.missing) == (Status.WAITING, ["bob@example.org"])
    assert "bob@example.org" in mail.error
    assert "No such person" in mail.error
    assert sent(mail).status == Status.FAILED
    assert mailbox.served == ["ann@example.org", "cas@example.org"]


def test_a_full_mail_server_is_asked_again(mailbox: Mailbox) -> None:
    mailbox.is_full = True
    mail = sent(make_mail())
    assert (mail.status, "No space" in mail.error) == (Status.WAITING, True)
    mailbox.is_full = False
    assert sent(mail).status == Status.SENT


def test_an_error_nobody_foresaw_is_logged_and_the_mail_waits(
    monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a mistake of ours\0")

    monkeypatch.setattr(pipeline, "_message", fail)
    mail = sent(make_mail())
    assert (mail.status, mail.error) == (Status.WAITING, "RuntimeError: a mistake of ours")
    assert "Traceback" in caplog.text


def test_a_server_that_says_goodbye_badly_has_the_mail_all_the_same(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any) -> None:
        self.close()
        raise smtplib.SMTPResponseException(421, b"Going down")

    monkeypatch.setattr(smtplib.SMTP, "quit", fail)
    assert sent(make_mail()).status == Status.SENT
    assert mailbox.served == ["ann@example.org"]


def test_a_second_bell_sends_nothing() -> None:
    mail = sent(make_mail())
    assert sent(mail).attempts == 1
    assert len(django_mail.outbox) == 1
    deliver(mail.pk + 1)


def test_of_two_workers_one_gets_the_mail() -> None:
    mail = make_mail()
    assert claim(mail.pk)
    assert claim(mail.pk) is None


@pytest.mark.parametrize(("seconds", "is_lost"), [(-5, False), (5, True)])
def test_a_mail_whose_worker_was_silent_too_long_waits_again(
    seconds: int, is_lost: bool, settings: Any, rung: list[int]
) -> None:
    silent = timedelta(seconds=ANSWERS * settings.MAIL_TIMEOUT + seconds)
    mail = make_mail_being_sent(since=timezone.now() - silent)
    tasks.sweep()
    mail.refresh_from_db()
    assert mail.status == (Status.WAITING if is_lost else Status.SENDING)
    assert rung == [mail.pk] * is_lost


def test_a_mail_that_kills_its_workers_fails(settings: Any) -> None:
    long_ago = timezone.now() - timedelta(days=1)
    mail = make_mail_being_sent(since=long_ago, attempts=settings.MAIL_ATTEMPTS)
    assert put_back_lost_mails() == 1
    mail.refresh_from_db()
    assert (mail.status, mail.error) == (Status.FAILED, "The worker that was sending it died.")


def test_a_worker_that_was_only_asleep_stops_and_changes_nothing(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    mail = make_mail(recipients=("ann@example.org", "bob@example.org"))
    message = pipeline._message

    def lose_the_claim(*arguments: Any) -> Any:
        Mail.objects.filter(pk=mail.pk).update(attempts=7)
        return message(*arguments)

    monkeypatch.setattr(pipeline, "_message", lose_the_claim)
    deliver(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, mail.delivered_to) == (Status.SENDING, 7, [])
    assert mailbox.served == ["ann@example.org"], "the other worker has the rest"
    assert "was lost by its worker" in caplog.text


def test_the_sweep_rings_only_for_what_is_due(rung: list[int]) -> None:
    due = make_mail(key="due")
    make_mail(key="later", not_before=timezone.now() + timedelta(seconds=30))
    make_mail(key="gone", status="failed")
    tasks.sweep()
    assert rung == [due.pk]
