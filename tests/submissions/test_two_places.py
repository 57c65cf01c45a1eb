"""One person in two places: a program submits, and the person decides in a browser."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.locks import operations as locks
from apps.locks.models import Lock
from apps.submissions.models import Submission
from apps.submissions.states import Status
from tests.factories.accounts import PASSWORD, logged_in, make_user, post
from tests.factories.submissions import make_upload_submission

pytestmark = pytest.mark.django_db

BUTTONS = {"confirm": Status.CONFIRMED, "force": Status.FORCED, "cancel": Status.CANCELLED}


def _user(name: str) -> User:
    return User.objects.get(username=name)


def address_of(submission: Submission) -> str:
    return f"/display_result/{submission.key}"


def submitted() -> Submission:
    """Return a submission by a program of homer; the session of the program holds the lock."""
    make_user("homer")
    return make_upload_submission()


def press(browser: Client, submission: Submission, button: str) -> Any:
    form = address_of(submission)
    return post(
        browser, "/submit_confirm_pipeline/", form=form, results_id=str(submission.key), button=button
    )


def offered(page: str) -> set[str]:
    return set(re.findall(r'<button[^>]* name="button" value="(\w+)"', page))


def explained(page: str) -> set[str]:
    return set(re.findall(r'<li id="why-not-(\w+)">You cannot <em>', page))


def login_links(page: str) -> set[str]:
    return {unescape(link) for link in re.findall(r'href="(/login/[^"]*)"', page)}


def test_the_page_leads_to_a_login_that_comes_back_and_proposes_the_instrument() -> None:
    submission = submitted()
    page = Client().get(address_of(submission)).content.decode()
    assert not offered(page)
    assert "Log in to decide" in page
    [link] = login_links(page)
    browser = Client(enforce_csrf_checks=True)
    form = browser.get(link).content.decode()
    assert f'name="next" value="{address_of(submission)}"' in form
    assert '<option value="miri" selected>' in form
    values = {"username": "homer", "password": PASSWORD, "instrument": "miri", "next": address_of(submission)}
    assert post(browser, "/login/", form=link, **values)["Location"] == address_of(submission)
    assert offered(browser.get(address_of(submission)).content.decode()) == {"confirm", "cancel"}
    assert press(browser, submission, "confirm")["Location"] == address_of(submission)
    submission.refresh_from_db()
    assert submission.status == Status.CONFIRMED
    assert not Lock.objects.exists()


@pytest.mark.parametrize("next", ["https://evil.example/x", "//evil.example/x", "javascript:alert(1)", ""])
def test_the_login_page_keeps_no_address_of_another_site(next: str) -> None:
    form = Client().get("/login/", {"next": next, "instrument": "<b>"}).content.decode()
    assert 'type="hidden" name="next" value="/"' in form.split('action="/theme/"')[0]
    assert "<b>" not in form
    assert '<option value="none" selected>' in form


def test_every_page_leads_to_a_login_that_comes_back() -> None:
    assert login_links(Client().get("/browse_db/?instrument=miri").content.decode()) == {
        "/login/?next=%2Fbrowse_db%2F%3Finstrument%3Dmiri"
    }
    assert login_links(Client().get("/login/?next=/locks/").content.decode()) == {"/login/?next=%2F"}


def test_a_press_without_login_leads_to_a_login_that_comes_back() -> None:
    submission = submitted()
    browser = Client()
    data = {"results_id": str(submission.key), "button": "confirm"}
    referer = f"http://testserver{address_of(submission)}"
    answer = browser.post("/submit_confirm_pipeline/", data, headers={"Referer": referer})
    assert answer.status_code == 401
    assert f'name="next" value="{referer}"' in answer.content.decode()
    foreign = browser.post("/submit_confirm_pipeline/", data, headers={"Referer": "https://evil.example/"})
    assert "evil" not in foreign.content.decode()


@pytest.mark.parametrize("session", ["program", "browser"])
@pytest.mark.parametrize("instrument", ["none", "miri"])
@pytest.mark.parametrize("button", ["confirm", "cancel"])
def test_without_a_gap_both_sessions_may_decide(button: str, instrument: str, session: str) -> None:
    """After the login of the browser, both the program and the browser may decide."""
    submission = submitted()
    program = logged_in(_user("homer"))
    _keep(program, Lock.objects.get())
    browser = logged_in(_user("homer"), instrument=instrument)
    assert press(program if session == "program" else browser, submission, button).status_code == 302
    submission.refresh_from_db()
    assert submission.status == BUTTONS[button]
    assert not Lock.objects.exists()


def _keep(client: Client, lock: Lock) -> None:
    session = client.session
    session["lock_key"] = str(lock.key)
    session.save()


def expire() -> None:
    now = timezone.now()
    Lock.objects.update(created_at=now - timedelta(hours=4), expires_at=now)


def taken_again() -> None:
    locks.release_user("homer")
    locks.acquire(instrument="miri", user="homer")


def taken_after_expiry() -> None:
    expire()
    locks.acquire(instrument="miri", user="homer")


def taken_by_another() -> None:
    expire()
    locks.acquire(instrument="miri", user="marge")


def handed_over() -> None:
    locks.acquire(instrument="miri", user="homer")


def given_back() -> None:
    locks.release_user("homer")


def untouched() -> None:
    """Leave the lock with the session that made the submission."""


SITUATIONS = (untouched, handed_over, given_back, expire, taken_again, taken_after_expiry, taken_by_another)


@pytest.mark.parametrize("button", BUTTONS)
@pytest.mark.parametrize("person", ["homer", "marge", "nircam only"])
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_a_page_offers_the_buttons_that_work_and_explains_the_others(
    situation: Callable[[], None], person: str, button: str
) -> None:
    submission = submitted()
    make_user("marge")
    make_user("bart", instruments=["nircam"])
    situation()
    browser = logged_in(_user("bart" if person == "nircam only" else person))
    page = browser.get(address_of(submission)).content.decode()
    assert offered(page) | explained(page) == set(BUTTONS)
    assert not offered(page) & explained(page)
    answer = press(browser, submission, button)
    submission.refresh_from_db()
    assert (submission.status == BUTTONS[button]) is (button in offered(page))
    assert (answer.status_code == 302) is (button in offered(page))
    if button in offered(page):
        assert not Lock.objects.filter(instrument="miri", user="homer").exists()
    else:
        assert 'id="error_message"' in answer.content.decode()
        assert submission.status == Status.READY


@pytest.mark.parametrize(
    ("situation", "homer", "marge"),
    [
        (untouched, {"confirm", "cancel"}, set()),
        (handed_over, {"confirm", "cancel"}, set()),
        (given_back, {"force", "cancel"}, {"force", "cancel"}),
        (expire, {"force", "cancel"}, {"force", "cancel"}),
        (taken_again, {"force", "cancel"}, {"force", "cancel"}),
        (taken_after_expiry, {"force", "cancel"}, {"force", "cancel"}),
        (taken_by_another, {"force", "cancel"}, {"force", "cancel"}),
    ],
)
def test_the_lock_says_which_buttons_there_are(
    situation: Callable[[], None], homer: set[str], marge: set[str]
) -> None:
    submission = submitted()
    make_user("marge")
    situation()
    for name, buttons in (("homer", homer), ("marge", marge)):
        page = logged_in(_user(name)).get(address_of(submission)).content.decode()
        assert offered(page) == buttons


@pytest.mark.parametrize("button", ["force", "cancel"])
def test_a_decision_after_a_gap_gives_the_new_lock_back(button: str) -> None:
    submission = submitted()
    taken_again()
    browser = logged_in(_user("homer"), instrument="miri")
    assert press(browser, submission, button).status_code == 302
    assert not Lock.objects.exists()
    assert logged_in(make_user("marge"), instrument="miri")
