import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.errors import BadAccountError
from apps.accounts.models import Token
from apps.accounts.operations import create_token, revoke_token
from apps.core.errors import DeniedError
from apps.locks.models import Lock
from tests.factories.accounts import logged_in, make_token, make_user, post
from tests.factories.locks import make_lock

pytestmark = pytest.mark.django_db

PAGE = "/accounts/tokens/"


def bearer(text: str, **options: Any) -> Client:
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {text}"}, **options)


def test_only_the_digest_of_a_token_is_kept() -> None:
    token, text = make_token()
    assert token.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert text.startswith(token.prefix)
    assert len(text) == len("crds_") + 43
    assert text not in repr(Token.objects.values().get())


def test_a_bearer_is_let_in_without_session_or_csrf_token() -> None:
    make_lock("miri", user="marge")
    _, text = make_token(make_user(role="admin"))
    client = bearer(text)
    assert client.get("/locks/").status_code == 200
    lock = Lock.objects.get()
    assert client.post("/locks/miri/break/", {"key": str(lock.key)}).status_code == 302
    assert not client.cookies.get("sessionid")


def test_an_unknown_token_of_ours_is_401_and_another_header_is_nobody() -> None:
    assert bearer("crds_wrong").get("/").status_code == 401
    assert bearer("somebody-elses").get("/").status_code == 200
    assert bearer("somebody-elses").get("/locks/").status_code == 401
    assert Client(headers={"Authorization": "Basic eDp5"}).get("/").status_code == 200


def test_the_cookie_stands_for_its_owner_but_needs_the_csrf_token() -> None:
    make_lock("miri", user="marge")
    _, text = make_token(make_user(role="admin"))
    client = Client(enforce_csrf_checks=True)
    client.cookies["ASB-AUTH"] = text
    assert client.get("/locks/").status_code == 200
    assert client.post("/locks/miri/break/", {"key": str(Lock.objects.get().key)}).status_code == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(days=1)},
    ],
    ids=["revoked", "expired"],
)
def test_a_dead_token_lets_nobody_in(fields: dict[str, Any]) -> None:
    _, text = make_token(**fields)
    assert bearer(text).get("/locks/").status_code == 401
    client = Client()
    client.cookies["ASB-AUTH"] = text
    assert client.get("/locks/").status_code == 302
    login = post(Client(), "/login/", username="homer", password=text, instrument="none")
    assert "API token is wrong" in login.content.decode()


def test_expiry_is_exclusive_at_the_very_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    token, _ = make_token()
    for offset, is_usable in ((-1, True), (0, False), (1, False)):
        moment = token.expires_at + timedelta(microseconds=offset)
        monkeypatch.setattr("apps.accounts.models.timezone.now", lambda moment=moment: moment)
        assert token.is_usable is is_usable


def test_a_session_ends_with_the_token_it_began_with() -> None:
    user = make_user()
    token, text = make_token(user)
    client = Client()
    post(client, "/login/", password=text, instrument="none")
    assert client.get("/locks/").status_code == 200
    revoke_token(token, by=user)
    assert client.get("/locks/").status_code == 302


def test_last_use_is_noted_to_the_minute() -> None:
    token, text = make_token()
    assert token.last_used_at is None
    bearer(text).get("/")
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert (token.last_used_at.second, token.last_used_at.microsecond) == (0, 0)
    assert timezone.now() - token.last_used_at < timedelta(minutes=2)


def test_scopes_limit_what_the_owner_may_do() -> None:
    admin = make_user(role="admin")
    lock = make_lock("miri", user="marge")
    _, text = make_token(admin, scopes=["submitter"])
    assert bearer(text).post("/locks/miri/break/", {"key": str(lock.key)}).status_code == 403
    client = Client()
    post(client, "/login/", password=text, instrument="none")
    assert post(client, "/locks/miri/break/", form="/locks/", key=str(lock.key)).status_code == 403
    assert Lock.objects.filter(pk=lock.pk).exists()


@pytest.mark.parametrize(("scope", "may"), [("submitter", True), ("operator", False), ("admin", True)])
def test_a_token_takes_a_lock_only_by_a_scope_that_may(scope: str, may: bool) -> None:
    _, text = make_token(make_user(role="admin"), scopes=[scope])
    response = post(Client(), "/login/", password=text, instrument="miri")
    assert (response.status_code == 302) is may
    assert ("does not have the role submitter for miri" in response.content.decode()) is not may
    assert Lock.objects.exists() is may


def test_the_page_shows_a_new_token_once() -> None:
    client = logged_in()
    response = post(client, PAGE, name="laptop <b>", scopes=["submitter"], days="30")
    text = re.search(r'id="new_token">([^<]+)<', response.content.decode()).group(1)  # type: ignore[union-attr]
    assert "no-store" in response["Cache-Control"]
    assert bearer(text).get("/locks/").status_code == 200
    again = client.get(PAGE).content.decode()
    assert text not in again
    assert text[:12] in again
    assert "laptop &lt;b&gt;" in again
    assert Token.objects.get().expires_at < timezone.now() + timedelta(days=30)


@pytest.mark.parametrize(
    "values",
    [
        {"scopes": ["admin"]},
        {"days": "0"},
        {"days": "99999999999999999999"},
        {"name": ""},
        {"name": "a\0"},
        {"scopes": []},
    ],
)
def test_a_token_that_cannot_be_made_is_refused(values: dict[str, Any]) -> None:
    response = post(logged_in(), PAGE, **{"name": "x", "scopes": ["submitter"], "days": "1", **values})
    assert response.status_code == 200
    assert 'id="error_message"' in response.content.decode()
    assert not Token.objects.exists()


def test_days_beyond_the_limit_are_refused(settings: Any) -> None:
    with pytest.raises(BadAccountError, match="lasts 1 to 365 days"):
        create_token(make_user(), name="x", days=settings.TOKEN_DAYS + 1)


def test_the_owner_revokes_on_the_page() -> None:
    user = make_user()
    token, text = make_token(user)
    client = logged_in(user)
    assert post(client, f"{PAGE}{token.pk}/revoke/", form=PAGE).status_code == 302
    assert bearer(text).get("/").status_code == 401
    assert "revoked" in client.get(PAGE).content.decode()


def test_nobody_sees_or_revokes_the_tokens_of_others() -> None:
    token, _ = make_token(make_user("marge"))
    client = logged_in()
    assert token.prefix not in client.get(PAGE).content.decode()
    assert post(client, f"{PAGE}{token.pk}/revoke/", form=PAGE).status_code == 404
    with pytest.raises(DeniedError):
        revoke_token(token, by=make_user("bart"))
    token.refresh_from_db()
    assert token.revoked_at is None


@pytest.mark.parametrize("owned", [["nircam"], []], ids=["nircam", "all"])
def test_an_admin_of_one_instrument_revokes_no_token_of_others(owned: list[str]) -> None:
    token, _ = make_token(make_user("marge", instruments=owned))
    with pytest.raises(DeniedError, match="an admin for the owner's instruments"):
        revoke_token(token, by=make_user("bart", role="admin", instruments=["miri"]))
    revoke_token(token, by=make_user("lisa", role="admin", instruments=owned))
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_the_page_needs_a_login_and_the_csrf_token() -> None:
    response = Client().get(PAGE)
    assert response["Location"] == "/login/?next=%2Faccounts%2Ftokens%2F"
    assert logged_in().post(PAGE, {"name": "x", "scopes": ["submitter"], "days": "1"}).status_code == 403
    assert Client(enforce_csrf_checks=True).post(f"{PAGE}1/revoke/").status_code == 403


def test_a_token_makes_no_tokens() -> None:
    user = make_user()
    _, text = make_token(user)
    assert bearer(text).get(PAGE).status_code == 403
    client = Client()
    post(client, "/login/", password=text, instrument="none")
    assert client.get(PAGE).status_code == 403
    assert Token.objects.count() == 1
