import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts import known_devices, throttle
from apps.accounts.models import Attempt
from apps.accounts.queries import find_user
from apps.locks.models import Lock
from tests.factories.accounts import PASSWORD, logged_in, make_token, make_user, post
from tests.factories.locks import make_lock

pytestmark = pytest.mark.django_db


def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def enter(client: Client, **values: Any) -> Any:
    return post(
        client, "/login/", **{"instrument": "none", "username": "homer", "password": PASSWORD, **values}
    )


def error_of(response: Any) -> str:
    """Return the error that the client finds: plain text directly in the first such div, else nothing."""
    found = re.search(r'<div id="error_message"[^>]*>([^<]*)</div>', response.content.decode())
    return found.group(1) if found else ""


def test_the_page_sets_the_cookie_on_every_get_and_holds_no_error() -> None:
    client = browser()
    for _ in range(2):
        response = client.get("/login/")
        assert response.cookies["csrftoken"].value
        assert "error_message" not in response.content.decode()


@pytest.mark.parametrize("name", ["homer", "HOMER", "homer@springfield.org"])
def test_a_local_password_lets_in_by_name_or_address(name: str) -> None:
    make_user(email="homer@springfield.org")
    client = browser()
    response = enter(client, username=name, next="/locks/")
    assert (response.status_code, response["Location"]) == (302, "/locks/")
    assert client.get("/locks/").status_code == 200


def test_a_token_lets_in_whatever_name_is_posted() -> None:
    _, text = make_token()
    client = browser()
    assert enter(client, username="root", password=text).status_code == 302
    assert "homer" in client.get("/").content.decode()


def test_the_cookie_of_the_client_lets_in_without_a_password() -> None:
    _, text = make_token()
    client = browser()
    client.cookies["ASB-AUTH"] = text
    assert enter(client, password="", instrument="miri").status_code == 302
    assert Lock.objects.get().user == "homer"


def test_a_typed_wrong_password_is_not_mended_by_the_cookie() -> None:
    _, text = make_token()
    client = browser()
    client.cookies["ASB-AUTH"] = text
    assert "could not be verified" in error_of(enter(client, password="wrong"))


@pytest.mark.parametrize(
    "values",
    [
        {"password": "wrong"},
        {"username": "marge"},
        {"password": ""},
        {"password": "crds_" + "x" * 43},
        {"username": "", "password": ""},
        {"username": "homer\u0130", "password": "\U0001f600"},
        {"username": "' OR 1=1 --"},
    ],
)
def test_a_wrong_identity_is_an_error_of_status_200(values: dict[str, str]) -> None:
    make_user()
    client = browser()
    response = enter(client, **values)
    assert response.status_code == 200
    assert "could not be verified" in error_of(response)
    assert 'id="error_message"' not in client.get("/locks/", follow=True).content.decode()
    assert client.get("/locks/").status_code == 302


@pytest.mark.parametrize(
    "values",
    [{"instrument": "hubble"}, {"instrument": "<script>"}, {"username": "a\0b"}, {"password": "x" * 5000}],
)
def test_hostile_fields_are_named_in_the_error(values: dict[str, str]) -> None:
    make_user()
    response = enter(browser(), **values)
    assert response.status_code == 200
    assert error_of(response)
    assert 'class="error_message"' in response.content.decode()
    assert "<script>" not in response.content.decode().replace('<script type="module"', "")


def test_the_instrument_is_required() -> None:
    make_user()
    client = browser()
    token = client.get("/login/").cookies["csrftoken"].value
    response = client.post(
        "/login/", {"csrfmiddlewaretoken": token, "username": "homer", "password": PASSWORD}
    )
    assert "required" in error_of(response)


def test_the_password_is_never_echoed() -> None:
    make_user()
    response = enter(browser(), password="very-secret-word")
    assert "very-secret-word" not in response.content.decode()
    assert 'value="homer"' in response.content.decode()


def test_a_post_without_the_csrf_token_is_refused_in_the_frame() -> None:
    make_user()
    response = browser().post("/login/", {"username": "homer", "password": PASSWORD, "instrument": "none"})
    assert response.status_code == 403
    assert "Reload" in error_of(response)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.org/",
        "//evil.org/",
        "/\\evil.org",
        "javascript:alert(1)",
        "http:///evil.org",
        "\\\\evil.org",
        "",
    ],
)
def test_next_leads_nowhere_else(target: str) -> None:
    make_user()
    assert enter(browser(), next=target)["Location"] == "/"


def test_the_session_gets_a_new_key_at_each_login(settings: Any) -> None:
    make_user()
    client = browser()
    name = settings.SESSION_COOKIE_NAME
    client.cookies[name] = "attackerchosenkey00000000000000"
    enter(client)
    first = client.cookies[name].value
    assert first != "attackerchosenkey00000000000000"
    enter(client)
    assert client.cookies[name].value != first


def test_a_lock_held_by_somebody_else_leaves_the_user_logged_out() -> None:
    make_user()
    make_lock("miri", user="marge", left=timedelta(hours=2))
    client = browser()
    response = enter(client, instrument="miri")
    assert response.status_code == 200
    assert "miri is locked by marge" in error_of(response)
    assert re.search(r"1:59:\d\d is left", error_of(response))
    assert client.get("/locks/").status_code == 302


def test_the_lock_is_shown_on_every_page() -> None:
    client = logged_in(instrument="miri")
    assert re.search(
        r'\[<span class="who">homer </span>miri <span id="time_remaining">3:59:5\d|4:00:00',
        client.get("/").content.decode(),
    )


def test_without_lock_there_is_no_countdown() -> None:
    assert "time_remaining" not in logged_in().get("/").content.decode()


def test_an_instrument_that_was_not_granted_is_refused() -> None:
    make_user(instruments=["nircam"])
    response = enter(browser(), instrument="miri")
    assert "does not have the role submitter for miri" in error_of(response)
    assert enter(browser(), instrument="nircam").status_code == 302


def test_an_operator_works_without_lock() -> None:
    make_user(role="operator")
    assert "Log in with instrument none" in error_of(enter(browser(), instrument="miri"))
    assert enter(browser()).status_code == 302


def test_a_closed_account_is_refused_and_its_sessions_end() -> None:
    user = make_user()
    client = logged_in(user)
    user.is_active = False
    user.save()
    assert client.get("/locks/").status_code == 302
    assert error_of(enter(browser()))


def test_somebody_logged_in_may_choose_another_instrument_without_password() -> None:
    client = logged_in(instrument="miri")
    assert post(client, "/login/", instrument="nircam").status_code == 302
    assert Lock.objects.get().instrument == "nircam"


def test_none_gives_the_own_lock_back_but_not_that_of_another_session() -> None:
    user = make_user()
    first, second = logged_in(user, instrument="miri"), logged_in(user)
    assert Lock.objects.filter(user="homer").exists()
    post(second, "/login/", instrument="none")
    assert Lock.objects.filter(user="homer").exists()
    post(first, "/login/", instrument="none")
    assert not Lock.objects.exists()


def test_a_refused_change_of_instrument_keeps_the_lock_one_has() -> None:
    make_lock("nircam", user="marge")
    client = logged_in(instrument="miri")
    assert "nircam is locked by marge" in error_of(post(client, "/login/", instrument="nircam"))
    assert Lock.objects.get(user="homer").instrument == "miri"


def test_somebody_else_in_the_same_browser_gives_back_the_lock() -> None:
    client = logged_in(instrument="miri")
    make_user("marge")
    enter(client, username="marge", instrument="nircam")
    assert [(lock.user, lock.instrument) for lock in Lock.objects.all()] == [("marge", "nircam")]


@pytest.mark.parametrize("path", ["/logout/", "/logout"])
def test_logout_by_get_ends_the_session_and_frees_the_lock(path: str) -> None:
    client = logged_in(instrument="miri")
    response = client.get(path, follow=True)
    assert response.status_code == 200
    assert not Lock.objects.exists()
    assert client.get("/locks/").status_code == 302


def test_logout_frees_a_lock_taken_in_another_session() -> None:
    user = make_user()
    logged_in(user, instrument="miri")
    logged_in(user).get("/logout/")
    assert not Lock.objects.exists()


def test_logout_by_post_needs_the_csrf_token() -> None:
    client = logged_in(instrument="miri")
    assert client.post("/logout/").status_code == 403
    assert post(client, "/logout/", form="/").status_code == 302
    assert not Lock.objects.exists()


def test_logout_without_login_is_no_error() -> None:
    assert browser().get("/logout/").status_code == 302


def test_guessing_is_stopped_after_the_limit(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = 3
    make_user()
    for _ in range(3):
        assert "could not be verified" in error_of(enter(browser(), password="wrong"))
    assert "Try again in 15 minutes" in error_of(enter(browser()))
    assert error_of(enter(browser(), username="HOMER")), "another spelling must not help"


def test_a_token_is_not_stopped(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = 1
    _, text = make_token()
    for _ in range(3):
        enter(browser(), password="wrong")
    assert enter(browser(), password=text).status_code == 302


def test_guessing_elsewhere_shuts_nobody_out(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = 2
    make_user()
    foreign = Client(REMOTE_ADDR="192.0.2.1")
    for _ in range(5):
        enter(foreign, password="wrong")
    assert error_of(enter(foreign))
    assert enter(browser()).status_code == 302


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the delays that logins were given; nobody really waits."""
    waited: list[float] = []
    monkeypatch.setattr("apps.accounts.throttle.time.sleep", waited.append)
    return waited


def test_one_address_tries_many_names_slowly_and_shuts_nobody_out(settings: Any, delays: list[float]) -> None:
    settings.LOGIN_ATTEMPTS = 1
    make_user()
    for number in range(5):
        enter(browser(), username=f"name{number}", password="wrong")
    assert delays == []
    assert "could not be verified" in error_of(enter(browser(), username="name6", password="wrong"))
    assert enter(browser()).status_code == 302
    assert delays == [throttle.DELAY] * 2


def test_many_addresses_guess_one_name_slowly_and_shut_nobody_out(settings: Any, delays: list[float]) -> None:
    settings.LOGIN_ATTEMPTS = 1
    make_user()
    for number in range(10):
        enter(Client(REMOTE_ADDR=f"192.0.2.{number}"), password="wrong")
    assert delays == []
    assert enter(browser()).status_code == 302
    assert delays == [throttle.DELAY]


def test_few_attempts_wait_at_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LOGIN_ATTEMPTS = 1
    make_user()
    for number in range(5):
        enter(browser(), username=f"name{number}", password="wrong")
    monkeypatch.setattr(throttle, "_waiting", threading.BoundedSemaphore(1))
    with throttle._waiting:
        assert "Try again in a few seconds" in error_of(enter(browser()))
    monkeypatch.setattr(throttle, "DELAY", 0)
    assert enter(browser()).status_code == 302


def test_a_known_device_is_never_refused_or_delayed_because_of_others(
    settings: Any, delays: list[float]
) -> None:
    settings.LOGIN_ATTEMPTS = 1
    make_user()
    own = logged_in(find_user("homer"))
    own.get("/logout/")
    for number in range(12):
        enter(browser(), password="wrong")
        enter(browser(), username=f"name{number}", password="wrong")
        enter(Client(REMOTE_ADDR=f"192.0.2.{number}"), password="wrong")
    delays.clear()
    assert "Too many" in error_of(enter(browser()))
    assert enter(own).status_code == 302
    assert delays == []


def test_a_known_device_guesses_no_more_often_than_others(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = 2
    make_user()
    own = logged_in(find_user("homer"))
    own.get("/logout/")
    for _ in range(2):
        assert "could not be verified" in error_of(enter(own, password="wrong"))
    assert "Too many" in error_of(enter(own))
    assert enter(browser()).status_code == 302


@pytest.mark.parametrize("forged", ["", "1:abc", "1:abc:def:ghi", "{pk}:abc:x:y"])
def test_a_forged_device_or_that_of_another_person_is_unknown(settings: Any, forged: str) -> None:
    settings.LOGIN_ATTEMPTS = 1
    homer, marge = make_user(), make_user("marge")
    other = logged_in(marge)
    other.get("/logout/")
    if forged:
        other.cookies[known_devices.COOKIE] = forged.replace("{pk}", str(homer.pk))
    enter(browser(), password="wrong")
    assert "Too many" in error_of(enter(other))


def test_attempts_count_for_a_while_only(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = 1
    make_user()
    enter(browser(), password="wrong")
    assert "Too many" in error_of(enter(browser()))
    Attempt.objects.update(at=timezone.now() - timedelta(seconds=settings.LOGIN_WINDOW_SECONDS))
    assert enter(browser()).status_code == 302
    assert not Attempt.objects.exists()


def test_the_address_may_come_from_a_proxy(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS, settings.CLIENT_ADDRESS_HEADER = 1, "X-Forwarded-For"
    make_user()
    enter(Client(headers={"X-Forwarded-For": "1.2.3.4, 192.0.2.1"}), password="wrong")
    assert Attempt.objects.get().address == "192.0.2.1"
    # The caller makes up the first entry. Another value there must not help.
    forged = Client(headers={"X-Forwarded-For": "5.6.7.8, 192.0.2.1"})
    assert "Too many" in error_of(enter(forged))


@pytest.mark.parametrize(
    ("other", "is_refused"),
    [("2001:db8:0:1:ffff::9", True), ("2001:db8:0:2::1", False), ("192.0.2.1", False)],
)
def test_all_addresses_of_one_ipv6_network_count_as_one(settings: Any, other: str, is_refused: bool) -> None:
    settings.LOGIN_ATTEMPTS = 1
    make_user()
    enter(Client(REMOTE_ADDR="2001:db8:0:1::1"), password="wrong")
    assert Attempt.objects.get().address == "2001:db8:0:1::/64"
    assert ("Too many" in error_of(enter(Client(REMOTE_ADDR=other)))) == is_refused


def test_an_unknown_name_costs_as_much_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("apps.accounts.operations.login.make_password", hashed.append)
    enter(browser(), username="nobody", password="guess")
    assert hashed == ["guess"]
