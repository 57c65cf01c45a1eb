"""The operators' pages: who may see them, what each act shows, does and records."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Grant, User
from apps.catalog.models import Action, AuditRecord
from apps.console.acts import ACTS
from apps.jobs.models import Job
from apps.locks.models import Lock
from apps.mails.models import Mail
from crds_server import env
from tests.factories.accounts import make_token, make_user
from tests.factories.locks import make_lock
from tests.factories.submissions import make_submission

pytestmark = pytest.mark.django_db

PAGES = (
    "",
    "people/",
    "people/admin/",
    "locks/",
    "jobs/",
    "mails/",
    "submissions/",
    "store/",
    "settings/",
    "audit/",
)


def entered(user: User) -> Client:
    """Return a browser in which somebody has logged in, without the check of CSRF tokens."""
    browser = Client()
    browser.force_login(user, backend="apps.accounts.backends.AccountBackend")
    return browser


@pytest.fixture
def admin() -> Client:
    return entered(make_user("admin", role="admin"))


@pytest.fixture
def operator() -> Client:
    return entered(make_user("olga", role="operator"))


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:2000]
    return str(answer.content.decode())


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_are_for_operators(page: str, admin: Client, operator: Client) -> None:
    assert "Operators' pages" in text_of(operator.get(f"/operate/{page}")).replace("&#x27;", "'")
    assert entered(make_user("sub", role="submitter")).get(f"/operate/{page}").status_code == 403
    assert Client().get(f"/operate/{page}").status_code == 302
    assert operator.post(f"/operate/{page}").status_code == 405


def test_the_place_is_shown_to_operators_only(operator: Client) -> None:
    assert 'href="/operate/"' in text_of(operator.get("/"))
    assert 'href="/operate/"' not in text_of(entered(make_user("sub", role="submitter")).get("/"))


def test_a_person_is_invited_and_sets_a_password(admin: Client, settings: Any) -> None:
    settings.MAIL_LISTS = ["everybody@example.org"]
    form = {"name": "ada", "email": "ada@example.org", "role": "submitter", "instruments": "miri, fgs"}
    shown = text_of(admin.get("/operate/act/invite/new/", form))
    assert "The account ada is made, with the role submitter for miri, fgs." in shown
    assert not User.objects.filter(username="ada").exists()
    assert "The account ada was made" in text_of(admin.post("/operate/act/invite/new/", form))
    assert set(Grant.objects.filter(user__username="ada").values_list("instrument", flat=True)) == {
        "miri",
        "fgs",
    }
    mail = Mail.objects.get()
    assert mail.recipients == ["ada@example.org"]  # The link is for nobody else.
    found = re.search(r"http://localhost:8000(/accounts/password/\S+)", mail.text)
    assert found
    visitor = Client()
    shown = visitor.get(found[1])
    # With no referrer at all, browsers send a form with the origin "null", which is refused.
    assert shown["Referrer-Policy"] == "same-origin"
    assert found[1].split("/")[-2] not in f"{mail} {mail.key}"  # They are written to logs.
    weak = visitor.post(found[1], {"new_password1": "12345", "new_password2": "12345"})
    assert "too short" in text_of(weak)
    good = "correct horse battery"
    assert "is set" in text_of(visitor.post(found[1], {"new_password1": good, "new_password2": good}))
    assert visitor.get(found[1]).status_code == 404  # It worked once.
    assert User.objects.get(username="ada").check_password(good)
    actions = set(AuditRecord.objects.values_list("action", flat=True))
    assert {Action.CREATE_ACCOUNT, Action.SEND_PASSWORD_LINK, Action.CHANGE_PASSWORD} <= actions


@pytest.mark.parametrize("link", ["MQ/none/", "x/y/", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5/y/"])
def test_made_up_links_open_nothing(link: str) -> None:
    make_user("ada")
    assert Client().get(f"/accounts/password/{link}").status_code == 404


def test_roles_are_granted_and_withdrawn(admin: Client) -> None:
    make_user("lisa", role="submitter")
    page = text_of(admin.get("/operate/act/grant/lisa/", {"role": "operator"}))
    assert "lisa gets the role operator for all instruments." in page
    admin.post("/operate/act/grant/lisa/", {"role": "operator"})
    assert User.objects.get(username="lisa").has_role("operator")
    admin.post("/operate/act/withdraw/lisa/", {"role": "operator"})
    assert not User.objects.get(username="lisa").has_role("operator")
    bad = text_of(admin.post("/operate/act/grant/lisa/", {"role": "king"}))
    assert "Choose a role" in bad
    assert "Nothing was changed" in bad


def test_an_account_is_closed_and_opened(admin: Client) -> None:
    user = make_user("lisa")
    text_of(admin.get("/operate/act/close/lisa/"))
    user.refresh_from_db()
    assert user.is_active
    admin.post("/operate/act/close/lisa/")
    user.refresh_from_db()
    assert not user.is_active
    admin.post("/operate/act/reopen/lisa/")
    user.refresh_from_db()
    assert user.is_active


@pytest.mark.parametrize(("act", "form"), [("close", {}), ("withdraw", {"role": "admin"})])
def test_nobody_locks_themselves_out(act: str, form: dict[str, str], admin: Client) -> None:
    assert "Ask another admin" in text_of(admin.post(f"/operate/act/{act}/admin/", form))
    assert User.objects.get(username="admin").has_role("admin")


def test_a_token_is_revoked(admin: Client) -> None:
    token, _ = make_token(make_user("lisa"))
    assert token.prefix in text_of(admin.get("/operate/people/lisa/"))
    assert "is revoked" in text_of(admin.post(f"/operate/act/revoke-token/{token.pk}/"))
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_a_lock_is_broken_with_a_reason(admin: Client) -> None:
    make_lock("miri", user="lisa")
    assert "lisa loses the lock of miri" in text_of(admin.get("/operate/act/break-lock/miri/"))
    admin.post("/operate/act/break-lock/miri/", {"reason": "she left"})
    assert not Lock.objects.exists()
    record = AuditRecord.objects.get(action=Action.BREAK_LOCK)
    assert (record.user, record.why) == ("admin", "she left")


def test_both_places_show_what_a_broken_lock_leaves_behind_and_say_it_afterwards(admin: Client) -> None:
    lock = make_lock("miri", user="lisa")
    ready = make_submission(
        status="ready", ready_at=timezone.now(), user="lisa", lock_tenure=lock.tenure, instrument="miri"
    )
    link = f'href="{ready.get_absolute_url()}"'
    address = "/operate/act/break-lock/miri/"
    for place in (address, "/locks/miri/break/"):
        shown = admin.get(place).content.decode()
        assert link in shown, place
        assert "lisa has held it since" in shown, place
        assert "Submissions that lose their protection" in shown, place
    done = admin.post(address, {"reason": "she left", "seen": str(lock.key)}).content.decode()
    for answer in (done, admin.get("/locks/?broken=miri").content.decode()):
        assert "The lock of miri is broken, and miri is free." in answer
        assert "can now only be forced or cancelled" in answer
        assert link in answer


def test_a_lock_that_changed_hands_is_not_broken_from_an_old_page(admin: Client) -> None:
    old = make_lock("miri", user="lisa")
    old.delete()
    make_lock("miri", user="bart")
    answer = text_of(
        admin.post("/operate/act/break-lock/miri/", {"reason": "she left", "seen": str(old.key)})
    )
    assert "changed since you opened the page" in answer
    assert "bart has held it since" in answer
    assert Lock.objects.filter(user="bart").exists()


@pytest.mark.parametrize("reason", ["", "  ", "\0"])
def test_a_lock_is_not_broken_without_a_reason(reason: str, admin: Client) -> None:
    make_lock("miri", user="lisa")
    admin.post("/operate/act/break-lock/miri/", {"reason": reason})
    assert Lock.objects.filter(instrument="miri").exists()


def test_a_waiting_job_is_aborted(operator: Client) -> None:
    job = Job.objects.create(kind="look")
    assert "it is queued now" in text_of(operator.get(f"/operate/act/abort-job/{job.pk}/"))
    operator.post(f"/operate/act/abort-job/{job.pk}/")
    job.refresh_from_db()
    assert job.status == "cancelled"
    again = text_of(operator.post(f"/operate/act/abort-job/{job.pk}/"))
    assert "is over already" in again
    assert AuditRecord.objects.filter(action=Action.ABORT_JOB).count() == 1


def test_a_failed_look_runs_again_and_a_failed_submission_does_not(operator: Client) -> None:
    now = timezone.now()
    look = Job.objects.create(kind="look", status="failed", finished_at=now, subject_id=7)
    other = Job.objects.create(kind="submission", status="failed", finished_at=now)
    operator.post(f"/operate/act/retry-job/{look.pk}/")
    assert Job.objects.filter(kind="look", status="queued", subject_id=7).count() == 1
    assert "cannot run again" in text_of(operator.post(f"/operate/act/retry-job/{other.pk}/"))


def test_an_unsent_mail_is_sent_at_once(operator: Client) -> None:
    mail = Mail.objects.create(
        key="k", recipients=["a@example.org"], subject="Hello", text="x", error="refused"
    )
    later = timezone.now() + timedelta(hours=6)
    job = Job.objects.create(kind="mail", subject_id=mail.pk, not_before=later)
    page = text_of(operator.get("/operate/mails/"))
    assert "refused" in page
    operator.post(f"/operate/act/retry-mail/{mail.pk}/")
    job.refresh_from_db()
    assert job.not_before <= timezone.now()
    assert outbox.outbox == []


ADMIN_ONLY = [name for name, act in ACTS.items() if act.is_for_admins]


@pytest.mark.parametrize("act", ADMIN_ONLY)
def test_accounts_are_changed_only_by_admins_of_everything(act: str, operator: Client) -> None:
    make_user("lisa", email="lisa@example.org")
    token, _ = make_token(make_user("bart"))
    key = str(token.pk) if act == "revoke-token" else "lisa"
    limited = entered(make_user("half", role="admin", instruments=["miri"]))
    before = AuditRecord.objects.count()
    for browser in (operator, limited):
        for method in (browser.get, browser.post):
            form = {"role": "admin", "name": "new", "email": "new@example.org"}
            assert method(f"/operate/act/{act}/{key}/", form).status_code == 403
    assert AuditRecord.objects.count() == before


def test_a_token_opens_pages_but_does_no_acts() -> None:
    _, text = make_token(make_user("admin", role="admin"))
    make_user("lisa")
    program = Client(headers={"Authorization": f"Bearer {text}"})
    assert program.post("/operate/act/close/lisa/").status_code == 403
    assert User.objects.get(username="lisa").is_active


@pytest.mark.parametrize("act", sorted(ACTS))
def test_every_act_needs_the_token_of_our_own_form(act: str) -> None:
    user = make_user("admin", role="admin")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user, backend="apps.accounts.backends.AccountBackend")
    assert browser.post(f"/operate/act/{act}/1/", {"role": "admin"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "act/none/1/",
        "act/close/nobody/",
        "act/abort-job/x/",
        "act/abort-job/²/",
        "act/abort-job/99999999999999999999/",
        "people/x/",
    ],
)
def test_unknown_things_are_not_found(path: str, admin: Client) -> None:
    assert admin.get(f"/operate/{path}").status_code == 404


def test_names_of_people_are_no_markup(admin: Client) -> None:
    page = text_of(admin.get("/operate/act/invite/new/", {"name": "<b>x", "email": "<i>", "role": "admin"}))
    assert "<b>x" not in page
    assert "<i>" not in page


def test_the_audit_trail_is_filtered(operator: Client) -> None:
    AuditRecord.objects.create(action=Action.MARK_BAD, user="lisa", filename="a.fits", instrument="miri")
    AuditRecord.objects.create(action=Action.SET_CONTEXT, user="bart", filename="jwst_0001.pmap")
    page = text_of(operator.get("/operate/audit/", {"user": "lis"}))
    assert "a.fits" in page
    assert "jwst_0001.pmap" not in page
    assert "a.fits" not in text_of(operator.get("/operate/audit/", {"filename": "*.pmap"}))
    assert text_of(operator.get("/operate/audit/", {"start": "nonsense"}), status=400)


def test_settings_are_shown_without_secrets(
    monkeypatch: pytest.MonkeyPatch, settings: Any, operator: Client
) -> None:
    for name, value in (
        ("SECRET_KEY", "hush"),
        ("EMAIL_PASSWORD", "hush"),
        ("DATABASE_URL", "postgresql://crds:hush@database/crds?password=hush&sslmode=require"),
        ("CELERY_BROKER_URL", "redis://:hu@sh@broker/0"),
        ("ARCHIVE_URL", "https://archive.example.org/?api_key=hush"),
        ("MAIL_FROM", "crds@example.org"),
    ):
        monkeypatch.setenv(name, value)
    settings.IN_FORCE = env.in_force()
    page = text_of(operator.get("/operate/settings/"))
    assert "hush" not in page
    assert "sh@broker" not in page
    assert "crds@example.org" in page
    assert "sslmode=require" in page


def test_accounts_are_listed_by_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    make_user("lisa", role="operator", email="lisa@example.org")
    call_command("list_accounts")
    assert capsys.readouterr().out == (
        "lisa\topen\tlisa@example.org\toperator of all instruments\tnever\t0 tokens\n"
    )
