import smtplib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from apps.jobs.models import Job
from apps.jobs.pauses import pause_after
from apps.jobs.pipeline import claim, execute, jobs_to_announce, put_back_lost_jobs
from apps.mails import pipeline
from apps.mails.models import Mail
from tests.factories.mails import Mailbox, claimed, job_of, mail_server, make_mail

pytestmark = pytest.mark.django_db


def sent(mail: Mail) -> Mail:
    """Return the row after an attempt to send a mail that is due."""
    Job.objects.update(not_before=timezone.now())
    execute(job_of(mail).pk)
    mail.refresh_from_db()
    return mail


def state(mail: Mail) -> tuple[str, int]:
    """Return the status of the job of a mail, and the number of its attempts."""
    job = job_of(mail)
    return job.status, job.attempts


def test_a_mail_server_gets_one_copy_for_each_recipient(mailbox: Mailbox, settings: Any) -> None:
    settings.MAIL_FROM = "crds@example.org"
    settings.PUBLIC_URL = "https://crds.example.org:8443"
    recipients = ("ann@example.org", "bob@example.org")
    mail = sent(
        make_mail(recipients=recipients, subject="Größe → neu", text="Zeile ä\n.\nFrom here " + "x" * 2000)
    )
    assert (state(mail), mail.error) == (("completed", 1), "")
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
    assert sent(make_mail()).sent_at
    [path] = Path(settings.EMAIL_FILE_PATH).iterdir()
    text = path.read_text()
    assert "Subject: [CRDS jwst dev] READY miri new flats" in text
    assert "The checks have ended." in text


def test_a_mail_waits_until_the_mail_server_is_back(smtp_port: int) -> None:
    mail = sent(make_mail())
    assert state(mail) == ("queued", 1)
    assert "refused" in mail.error
    assert jobs_to_announce(is_start=True) == []
    execute(job_of(mail).pk)
    assert state(mail) == ("queued", 1), "it was tried again before its pause was over"
    with mail_server(smtp_port) as mailbox:
        mail = sent(mail)
    assert (state(mail), mail.error) == (("completed", 2), "")
    assert mailbox.served == ["ann@example.org"]


@pytest.mark.usefixtures("smtp_port")
def test_a_mail_that_cannot_be_sent_fails_after_its_last_attempt(settings: Any, caplog: Any) -> None:
    settings.JOB_KIND_ATTEMPTS = {"mail": 3}
    mail = make_mail()
    assert [state(sent(mail))[0] for _ in range(4)] == ["queued", "queued", "failed", "failed"]
    assert state(mail) == ("failed", 3)
    assert "has failed after 3 attempts" in caplog.text
    assert "refused" in mail.error
    assert jobs_to_announce(is_start=True) == []


def test_ten_attempts_take_about_a_day_and_a_half(settings: Any) -> None:
    attempts = settings.JOB_KIND_ATTEMPTS["mail"]
    assert attempts == settings.MAIL_ATTEMPTS == 10
    pauses = [pause_after(number) for number in range(1, attempts)]
    assert timedelta(hours=24) < sum(pauses, timedelta()) < timedelta(hours=36)


def test_the_pauses_grow_to_six_hours() -> None:
    minutes = [pause_after(attempts).total_seconds() / 60 for attempts in (1, 2, 3, 4, 5, 6, 9, 10**6)]
    assert minutes == [1, 4, 16, 64, 256, 360, 360, 360]


def test_a_bad_address_costs_the_others_nothing_and_they_get_no_second_copy(
    mailbox: Mailbox, settings: Any
) -> None:
    settings.JOB_KIND_ATTEMPTS = {"mail": 2}
    mailbox.refused = {"bob@example.org"}
    mail = sent(make_mail(recipients=("ann@example.org", "bob@example.org", "cas@example.org")))
    assert (state(mail), mail.missing) == (("queued", 1), ["bob@example.org"])
    assert "bob@example.org" in mail.error
    assert "No such person" in mail.error
    assert state(sent(mail)) == ("failed", 2)
    assert mailbox.served == ["ann@example.org", "cas@example.org"]


def test_a_full_mail_server_is_asked_again(mailbox: Mailbox) -> None:
    mailbox.is_full = True
    mail = sent(make_mail())
    assert (state(mail), "No space" in mail.error) == (("queued", 1), True)
    mailbox.is_full = False
    assert sent(mail).sent_at


def test_an_error_nobody_foresaw_is_logged_and_the_mail_waits(
    monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a mistake of ours\0")

    monkeypatch.setattr(pipeline, "_message", fail)
    mail = sent(make_mail())
    assert (state(mail), mail.error) == (("queued", 1), "RuntimeError: a mistake of ours")
    assert "Traceback" in caplog.text


def test_a_server_that_says_goodbye_badly_has_the_mail_all_the_same(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any) -> None:
        self.close()
        raise smtplib.SMTPResponseException(421, b"Going down")

    monkeypatch.setattr(smtplib.SMTP, "quit", fail)
    assert sent(make_mail()).sent_at
    assert mailbox.served == ["ann@example.org"]


def test_a_second_bell_sends_nothing() -> None:
    mail = sent(make_mail())
    assert state(sent(mail)) == ("completed", 1)
    assert len(django_mail.outbox) == 1


def test_of_two_workers_one_gets_the_mail() -> None:
    job = job_of(make_mail())
    assert claim(job.pk)
    assert claim(job.pk) is None


def test_a_mail_whose_worker_died_is_sent_by_another_however_often_it_was_tried(settings: Any) -> None:
    mail = make_mail()
    Job.objects.update(attempts=settings.JOB_ATTEMPTS)
    claimed(mail)
    Job.objects.update(heartbeat_at=timezone.now() - timedelta(days=1))
    assert put_back_lost_jobs() == 1
    assert sent(mail).sent_at


def test_a_mail_that_kills_its_workers_fails(settings: Any) -> None:
    mail = make_mail()
    Job.objects.update(attempts=settings.MAIL_ATTEMPTS - 1)
    claimed(mail)
    Job.objects.update(heartbeat_at=timezone.now() - timedelta(days=1))
    assert put_back_lost_jobs() == 1
    assert state(mail) == ("failed", settings.MAIL_ATTEMPTS)


def test_a_worker_that_was_only_asleep_stops_and_changes_nothing(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    mail = make_mail(recipients=("ann@example.org", "bob@example.org"))
    message = pipeline._message

    def lose_the_claim(*arguments: Any) -> Any:
        Job.objects.update(attempts=7)
        return message(*arguments)

    monkeypatch.setattr(pipeline, "_message", lose_the_claim)
    sent(mail)
    assert (state(mail), mail.delivered_to) == (("running", 7), [])
    assert mailbox.served == ["ann@example.org"], "the other worker has the rest"
    assert "the worker lost job" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_mails_of_the_version_before_go_on_where_they_stood() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("mails", "0001_initial")])
    old = executor.loader.project_state([("mails", "0001_initial")]).apps.get_model("mails", "Mail")
    soon, now = timezone.now() + timedelta(hours=1), timezone.now()
    common = {"recipients": ["ann@example.org"], "subject": "s", "text": "t"}
    for key, fields in {
        "waiting": {"status": "waiting", "attempts": 4, "not_before": soon},
        "sending": {"status": "sending", "attempts": 2, "claimed_at": now},
        "sent": {"status": "sent", "attempts": 1, "sent_at": now},
        "failed": {"status": "failed", "attempts": 10, "error": "refused"},
    }.items():
        old.objects.create(key=key, **common, **fields)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    keys = {mail.pk: mail.key for mail in Mail.objects.all()}
    jobs = {keys[job.subject_id]: job for job in Job.objects.filter(kind="mail")}
    assert {key: (job.status, job.attempts) for key, job in jobs.items()} == {
        "waiting": ("queued", 4),
        "sending": ("queued", 2),
        "failed": ("failed", 10),
    }
    assert jobs["waiting"].not_before == soon
    assert jobs_to_announce() == [jobs["sending"].pk]
    execute(jobs["sending"].pk)
    assert Mail.objects.get(key="sending").sent_at
