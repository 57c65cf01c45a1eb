import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from apps.accounts.errors import AccountExistsError, BadAccountError
from apps.accounts.middleware import AnswerRefusals
from apps.accounts.models import User
from apps.accounts.queries import find_user
from apps.accounts.tasks import clear_sessions
from apps.core.access import NotLoggedInError, Role, with_role
from apps.demo import people
from apps.locks.models import Lock
from tests.factories.accounts import logged_in, make_user, post
from tests.roots import manage

pytestmark = pytest.mark.django_db

ROLES = ("submitter", "operator", "admin")


@pytest.mark.parametrize(
    ("role", "may"),
    [("submitter", {"submitter"}), ("operator", {"submitter", "operator"}), ("admin", set(ROLES))],
)
def test_roles_imply_others(role: str, may: set[str]) -> None:
    user = make_user(role=role)
    assert {name for name in ROLES if user.has_role(name)} == may
    assert user.may_lock("miri") is (role != "operator")


def test_a_grant_for_an_instrument_counts_for_no_other() -> None:
    user = make_user(instruments=["MIRI", "nircam"])
    assert user.has_role("submitter")
    assert user.has_role("submitter", "miri")
    assert not user.has_role("submitter", "fgs")
    assert not user.may_lock("fgs")


def test_scopes_never_widen_a_role() -> None:
    user = make_user()
    user.scopes = frozenset({"admin"})
    assert not user.has_role("admin")
    user.scopes = frozenset()
    assert not user.has_role("submitter")


def _view(role: str, *, is_api: bool = False) -> Any:
    @with_role(Role(role), is_api=is_api)
    def view(request: HttpRequest, *, actor: User) -> HttpResponse:
        return HttpResponse(f"in as {actor}")

    def answer(request: HttpRequest) -> Any:
        try:
            return view(request)
        except Exception as exc:
            return AnswerRefusals(view).process_exception(request, exc)

    return answer


def _request(user: Any, method: str = "get") -> HttpRequest:
    request: HttpRequest = getattr(RequestFactory(), method)("/private/?a=1&b=2")
    request.user, request.token, request.session = user, None, {}  # type: ignore[attr-defined,assignment]
    return request


def test_a_page_sends_a_stranger_to_the_login_and_back() -> None:
    response = _view("submitter")(_request(AnonymousUser()))
    assert response["Location"] == "/login/?next=%2Fprivate%2F%3Fa%3D1%26b%3D2"


def test_a_post_of_a_stranger_is_an_error_and_no_redirect() -> None:
    response = _view("submitter")(_request(AnonymousUser(), "post"))
    assert response.status_code == 401
    assert re.search(rb'<div id="error_message" role="alert"[^>]*>Log in first\.</div>', response.content)


def test_a_program_is_told_in_json() -> None:
    stranger = _view("submitter", is_api=True)(_request(AnonymousUser()))
    assert (type(stranger), stranger.status_code) == (JsonResponse, 401)
    wrong = _view("admin", is_api=True)(_request(make_user()))
    assert (type(wrong), wrong.status_code) == (JsonResponse, 403)


def test_a_page_names_the_missing_role() -> None:
    response = _view("operator")(_request(make_user()))
    assert response.status_code == 403
    assert b"needs the role operator, which homer does not have" in response.content
    assert _view("operator")(_request(make_user("marge", role="operator"))).content == b"in as marge"


def test_an_unforeseen_error_is_left_alone() -> None:
    assert AnswerRefusals(_view("admin")).process_exception(_request(make_user()), ValueError()) is None
    assert issubclass(NotLoggedInError, Exception)


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "x" * 151, "né", "a\n", "-x", "<b>", "a\0"])
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(BadAccountError, match="is not an account name"):
        make_user(name)


@pytest.mark.parametrize(
    ("name", "email"), [("HOMER", ""), ("bart", "HOMER@springfield.org"), ("homer", "x@springfield.org")]
)
def test_names_and_addresses_are_unique_in_any_case(name: str, email: str) -> None:
    make_user(email="homer@springfield.org")
    with pytest.raises(AccountExistsError):
        make_user(name, email=email)
    assert User.objects.count() == 1


def test_several_accounts_may_have_no_address() -> None:
    make_user()
    assert make_user("marge").email == ""


def test_a_name_wins_over_an_equal_address() -> None:
    make_user("bart", email="homer@springfield.org")
    homer = make_user("homer@springfield.org")
    assert find_user("homer@springfield.org") == homer


def test_create_account_prints_a_token_that_works(capsys: pytest.CaptureFixture[str]) -> None:
    call_command(
        *("create_account", "homer", "--email", "h@x.org", "--role", "submitter"),
        *("--instrument", "miri", "nircam", "--instrument", "fgs", "--print-token"),
    )
    token = capsys.readouterr().out.strip()
    user = User.objects.get()
    assert {grant.instrument for grant in user.grants.all()} == {"fgs", "miri", "nircam"}
    assert not user.has_usable_password()
    assert Client(headers={"Authorization": f"Bearer {token}"}).get("/locks/").status_code == 200


def test_create_account_sets_a_password(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("D'oh\n")
    call_command("create_account", "homer", "--role", "admin", "--password-from", str(secret))
    assert post(Client(), "/login/", username="homer", password="D'oh", instrument="miri").status_code == 302


@pytest.mark.parametrize(
    "arguments",
    [
        ("homer", "--role", "king"),
        ("homer",),
        ("ho mer", "--role", "admin"),
        ("homer", "--role", "submitter", "--instrument", "acs"),
        ("homer", "--role", "submitter", "--email", "nowhere"),
        ("homer", "--role", "submitter", "--subject", "1"),
    ],
)
def test_create_account_refuses_nonsense(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("create_account", *arguments)
    assert not User.objects.exists()


def test_create_account_twice_fails() -> None:
    call_command("create_account", "homer", "--role", "admin")
    with pytest.raises(CommandError, match="account homer was not made"):
        call_command("create_account", "homer", "--role", "admin")


def test_create_token_for_somebody_without_password(capsys: pytest.CaptureFixture[str]) -> None:
    make_user(password=None)
    call_command("create_token", "homer", "--days", "3", "--scope", "submitter")
    assert capsys.readouterr().out.startswith("crds_")
    with pytest.raises(CommandError):
        call_command("create_token", "nobody")


def test_demo_accounts_are_made_once_and_can_log_in(settings: Any) -> None:
    first = people.ensure_demo_accounts()
    assert people.ensure_demo_accounts() == first
    for account in first:
        instrument = "miri" if account.role == "submitter" else "none"
        values = {"username": account.name, "password": account.password, "instrument": instrument}
        assert post(Client(), "/login/", **values).status_code == 302
        assert account.password in str(account)
        assert User.objects.get(username=account.name).email == f"{account.name}@example.org"
    assert (settings.DATA_ROOT / "demo_accounts.json").stat().st_mode & 0o077 == 0


def test_what_the_demo_prints_is_true_even_when_its_file_was_lost(settings: Any) -> None:
    before = people.ensure_demo_accounts()
    (settings.DATA_ROOT / "demo_accounts.json").unlink()
    after = people.ensure_demo_accounts()
    assert {account.password for account in before}.isdisjoint(account.password for account in after)
    account = after[0]
    values = {"username": account.name, "password": account.password, "instrument": "none"}
    assert post(Client(), "/login/", **values).status_code == 302


def test_cookies_are_secure_exactly_on_https(tmp_path: Any) -> None:
    program = (
        "from django.conf import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.CSRF_TRUSTED_ORIGINS, s.CSRF_COOKIE_HTTPONLY, s.CSRF_USE_SESSIONS)"
    )
    for address, secure in (("http://localhost:8000", False), ("https://crds.example.org", True)):
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "crds_server.settings"}
        environment |= {"PUBLIC_URL": address, "DATA_ROOT": str(tmp_path)}
        said = manage(environment, "shell", "--verbosity", "0", "-c", program)
        assert said.strip().endswith(f"{secure} {secure} ['{address}'] False False")


def test_change_account_grants_withdraws_and_closes(capsys: pytest.CaptureFixture[str]) -> None:
    user = make_user(instruments=["miri"])
    client = logged_in(user, instrument="miri")
    call_command("change_account", "homer", "--grant", "submitter", "--instrument", "fgs")
    assert User.objects.get().may_lock("fgs")
    call_command("change_account", "homer", "--withdraw", "submitter")
    assert not User.objects.get().has_role("submitter")
    assert client.get("/locks/").status_code == 403
    call_command("change_account", "homer", "--close")
    assert capsys.readouterr().out.endswith("homer: no role; closed.\n")
    assert client.get("/locks/").status_code == 302
    assert not Lock.objects.exists()


@pytest.mark.parametrize("arguments", [("homer",), ("nobody", "--close"), ("homer", "--grant", "king")])
def test_change_account_refuses_nonsense(arguments: tuple[str, ...]) -> None:
    make_user()
    with pytest.raises(CommandError):
        call_command("change_account", *arguments)


def type_passwords(patch: pytest.MonkeyPatch, *typed: str) -> None:
    answers = iter(typed)
    patch.setattr("getpass.getpass", lambda **_prompt: next(answers))


def test_changepassword_sets_the_local_password(monkeypatch: pytest.MonkeyPatch) -> None:
    make_user(password=None)
    type_passwords(monkeypatch, "a-brand-new-word", "a-brand-new-word")
    call_command("changepassword", "homer")
    values = {"username": "homer", "password": "a-brand-new-word", "instrument": "none"}
    assert post(Client(), "/login/", **values).status_code == 302


@pytest.mark.parametrize(
    ("name", "typed"),
    [("nobody", ()), ("homer", ("a-brand-new-word", "another-new-word")), ("homer", ("", ""))],
)
def test_changepassword_refuses_nonsense(
    name: str, typed: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make_user().password
    type_passwords(monkeypatch, *typed)
    with pytest.raises(CommandError):
        call_command("changepassword", name)
    assert User.objects.get().password == before


@pytest.mark.parametrize("path", ["/json/", "/healthz"])
def test_answers_for_everybody_may_be_cached(path: str) -> None:
    assert "Cookie" not in Client().get(path).get("Vary", "")
    assert "Cookie" in Client().get("/").get("Vary", "")


def test_pages_are_shown_when_the_accounts_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise OperationalError

    monkeypatch.setattr("apps.accounts.context_processors._account", broken)
    assert "Login" in Client().get("/").content.decode()


def test_ended_sessions_are_deleted() -> None:
    logged_in()
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    clear_sessions()
    assert not Session.objects.exists()
