"""Single sign-on against a real provider program on loopback, and against forged tokens."""

import re
import time
import warnings
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import SuspiciousOperation
from django.test import Client, RequestFactory

from apps.accounts import pending_logins, single_sign_on
from apps.accounts.models import User
from apps.locks.models import Lock
from tests.factories.accounts import PASSWORD, make_user, post
from tests.factories.locks import make_lock

# Its libraries warn each other that they are out of date.
with warnings.catch_warnings(record=True):
    import oidc_provider_mock

pytestmark = [
    pytest.mark.django_db,
    # The provider runs in this process, and its own libraries warn about each other.
    pytest.mark.filterwarnings("ignore::Warning:authlib"),
    pytest.mark.filterwarnings("ignore::Warning:oidc_provider_mock"),
    pytest.mark.filterwarnings("ignore::Warning:joserfc"),
]

PEOPLE = [
    {"sub": "sub-homer", "email": "homer@x.org", "email_verified": True},
    {"sub": "sub-marge", "email": "marge@x.org", "email_verified": False},
    {"sub": "sub-bart", "email": "bart@x.org"},
]


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    users = [
        oidc_provider_mock.User(
            sub=str(person["sub"]), claims={k: v for k, v in person.items() if k != "sub"}
        )
        for person in PEOPLE
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(autouse=True)
def configured(provider: str, settings: Any) -> Iterator[str]:
    settings.OIDC_ISSUER = provider
    settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = "crds", "secret"
    settings.OIDC_VERIFY_KID = False  # The tokens of this provider carry no key id.
    settings.OIDC_PROVIDER_NAME = "Springfield ID"
    single_sign_on.discover.cache_clear()
    yield provider
    single_sign_on.discover.cache_clear()


def to_provider(client: Client, **values: Any) -> str:
    """Choose an instrument on the login page, and return the provider's address to which it redirects."""
    response = post(client, "/login/", **{"instrument": "none", "next": "/", **values})
    return leave(client, response["Location"])


def leave(client: Client, address: str) -> str:
    """Follow the answer to the login form, and return the provider's address to which it redirects."""
    assert address.startswith("/oidc/authenticate/")
    # Browsers also name the page of the form when they follow its redirects.
    return str(client.get(address, headers={"Sec-Fetch-Site": "same-origin"})["Location"])


def consent(address: str, subject: str, **form: str) -> str:
    """Log in at the provider as its page does, and return the address to which it redirects."""
    answer = requests.post(address, data={"sub": subject, **form}, allow_redirects=False, timeout=10)
    location = urlsplit(answer.headers["Location"])
    return f"{location.path}?{location.query}"


def sign_on(subject: str, client: Client | None = None, **values: Any) -> Any:
    client = client or Client(enforce_csrf_checks=True)
    return client.get(consent(to_provider(client, **values), subject))


def error_of(response: Any) -> str:
    found = re.search(r'<div id="error_message"[^>]*>([^<]*)</div>', response.content.decode())
    return found.group(1) if found else ""


def test_the_request_carries_state_nonce_and_a_pkce_challenge() -> None:
    asked = parse_qs(urlsplit(to_provider(Client())).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert asked["scope"] == ["openid email"]
    assert {"state", "nonce"} <= set(asked)


def test_somebody_with_an_account_gets_in_with_the_lock() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer", password=None)
    client = Client(enforce_csrf_checks=True)
    response = sign_on("sub-homer", client, instrument="miri", next="/locks/")
    assert (response.status_code, response["Location"]) == (302, "/locks/")
    assert Lock.objects.get().user == "homer"
    assert client.get("/locks/").status_code == 200


def test_a_second_choice_skips_the_provider() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    client = Client()
    sign_on("sub-homer", client)
    assert post(client, "/login/", instrument="miri", next="/")["Location"] == "/"
    assert Lock.objects.get().instrument == "miri"


def test_the_first_login_binds_a_verified_address_for_ever() -> None:
    user = make_user(email="Homer@x.org", password=None)
    assert sign_on("sub-homer").status_code == 302
    user.refresh_from_db()
    assert (user.issuer, user.subject) == (single_sign_on.settings.OIDC_ISSUER, "sub-homer")
    # The address passes to another account here; the person stays the same.
    User.objects.update(email="other@x.org")
    assert sign_on("sub-homer").status_code == 302


@pytest.mark.parametrize("name", ["marge", "bart"])
def test_an_unverified_address_binds_nothing(name: str) -> None:
    user = make_user(name, email=f"{name}@x.org")
    assert "no CRDS account" in error_of(sign_on(f"sub-{name}"))
    user.refresh_from_db()
    assert user.subject == ""


def test_an_address_already_bound_to_another_identity_lets_nobody_in() -> None:
    make_user(email="homer@x.org", issuer=single_sign_on.settings.OIDC_ISSUER, subject="the-former-homer")
    assert "no CRDS account" in error_of(sign_on("sub-homer"))


def test_the_same_subject_of_another_provider_is_somebody_else() -> None:
    make_user(issuer="https://elsewhere.org", subject="sub-homer")
    assert "no CRDS account" in error_of(sign_on("sub-homer"))


def test_an_identity_without_account_is_told_how_to_ask(settings: Any) -> None:
    settings.ACCOUNT_CONTACT = "crds-help@x.org"
    client = Client()
    response = sign_on("sub-homer", client, instrument="miri")
    assert response.status_code == 200
    assert error_of(response).startswith("You are known as homer@x.org, but have no CRDS account here.")
    assert "Ask crds-help@x.org for one" in error_of(response)
    assert not User.objects.exists()
    assert not Lock.objects.exists()
    assert client.get("/locks/").status_code == 302


def test_a_closed_account_is_refused() -> None:
    user = make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    user.is_active = False
    user.save()
    assert "no CRDS account" in error_of(sign_on("sub-homer"))


def test_an_instrument_locked_by_somebody_else_leaves_the_user_logged_out() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    make_lock("miri", user="marge")
    client = Client()
    assert "locked by marge" in error_of(sign_on("sub-homer", client, instrument="miri"))
    assert client.get("/locks/").status_code == 302


def test_somebody_who_says_no_is_told_so() -> None:
    client = Client()
    back = consent(to_provider(client), "sub-homer", action="deny")
    assert "access denied" in error_of(client.get(back))


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?code=x&state=y", "?error=%3Cscript%3E", "?code=%00&state=%00", "?state=y"]
)
def test_a_made_up_return_is_refused(query: str) -> None:
    response = Client().get(f"/oidc/callback/{query}")
    assert response.status_code == 200
    assert "could not be verified" in error_of(response)
    assert b"<script>" not in response.content


def test_a_return_works_once_and_in_its_own_session_only() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    client = Client()
    back = consent(to_provider(client), "sub-homer")
    assert "could not be verified" in error_of(Client().get(back))
    assert client.get(back).status_code == 302
    client.post("/logout/")
    assert "could not be verified" in error_of(client.get(back))


def test_each_tab_gets_what_it_asked_for() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    client = Client()
    first = to_provider(client, instrument="miri", next="/locks/")
    second = to_provider(client, next="/submission_history/")
    third = to_provider(client, instrument="fgs", next="/upload/")
    assert client.get(consent(first, "sub-homer"))["Location"] == "/locks/"
    lock = Lock.objects.get()
    # A tab that wanted no lock does not release one.
    assert client.get(consent(second, "sub-homer"))["Location"] == "/submission_history/"
    assert Lock.objects.get() == lock
    assert "miri" in client.get("/").content.decode().split("time_remaining")[0][-200:]
    assert client.get(consent(third, "sub-homer"))["Location"] == "/upload/"
    assert Lock.objects.get().instrument == "fgs"


def test_forms_that_were_sent_before_either_tab_left_keep_their_pages() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    client = Client()
    ways = [
        post(client, "/login/", instrument=instrument, next=next)["Location"]
        for instrument, next in (("miri", "/locks/"), ("none", "/upload/"))
    ]
    asked = [leave(client, way) for way in ways]
    assert client.get(consent(asked[1], "sub-homer"))["Location"] == "/upload/"
    assert not Lock.objects.exists()
    assert client.get(consent(asked[0], "sub-homer"))["Location"] == "/locks/"
    assert Lock.objects.get().instrument == "miri"


def test_to_return_again_is_harmless_for_somebody_logged_in() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    client = Client()
    back = consent(to_provider(client, instrument="miri", next="/locks/"), "sub-homer")
    client.get(back)
    lock, session = Lock.objects.get(), client.cookies[single_sign_on.settings.SESSION_COOKIE_NAME].value
    for _ in range(2):
        assert client.get(back)["Location"] == "/locks/"
    for made_up in ("", "?code=x", "?code=x&state=y", "?state=y"):
        assert client.get(f"/oidc/callback/{made_up}")["Location"] == "/"
    assert (Lock.objects.get(), client.cookies[single_sign_on.settings.SESSION_COOKIE_NAME].value) == (
        lock,
        session,
    )
    assert client.get("/locks/").status_code == 200


def test_a_refusal_of_the_provider_ends_no_session() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    client = Client()
    sign_on("sub-homer", client, instrument="miri")
    assert "could not be verified" in error_of(client.get("/oidc/callback/?error=x"))
    denied = consent(leave(client, "/oidc/authenticate/"), "sub-homer", action="deny")
    assert "access denied" in error_of(client.get(denied))
    assert client.get("/locks/").status_code == 200
    assert Lock.objects.get().instrument == "miri"


def test_a_failed_login_keeps_what_was_asked_for() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    make_lock("miri", user="marge")
    page = sign_on("sub-homer", instrument="miri", next="/locks/").content.decode()
    assert '<option value="miri" selected>' in page
    assert 'name="next" value="/locks/"' in page


def test_a_session_keeps_only_so_many_pending_logins() -> None:
    client = Client()
    client.get("/login/")
    session = client.session
    for number in range(pending_logins.KEPT + 5):
        pending_logins.keep(session, str(number), {"instrument": "miri", "next": f"/{number}"})
    assert pending_logins.find(session, "4") == pending_logins.default_login()
    assert pending_logins.find(session, "5")["next"] == "/5"


def test_the_session_key_changes_on_return(settings: Any) -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    client = Client()
    address = to_provider(client)
    before = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.get(consent(address, "sub-homer"))
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != before


def test_next_leads_nowhere_else() -> None:
    make_user(issuer=single_sign_on.settings.OIDC_ISSUER, subject="sub-homer")
    assert sign_on("sub-homer", next="https://evil.org/")["Location"] == "/"


def test_local_accounts_work_beside_it() -> None:
    make_user()
    response = post(Client(), "/login/", instrument="none", username="homer", password=PASSWORD)
    assert response.status_code == 302


def test_a_provider_that_is_down_is_said_to_be(settings: Any) -> None:
    settings.OIDC_ISSUER = "http://localhost:9"
    client = Client()
    post(client, "/login/", instrument="none")
    assert "does not answer" in error_of(client.get("/oidc/authenticate/"))


def test_a_provider_under_another_name_is_refused(settings: Any, provider: str) -> None:
    settings.OIDC_ISSUER = provider.replace("localhost", "127.0.0.1") + "/"
    with pytest.raises(SuspiciousOperation, match="names the issuer"):
        single_sign_on.discover(settings.OIDC_ISSUER)


def test_it_is_off_until_configured(settings: Any) -> None:
    settings.OIDC_ISSUER = ""
    assert Client().get("/oidc/authenticate/").status_code == 404
    assert Client().get("/oidc/callback/?code=x&state=y").status_code == 404
    assert "could not be verified" in error_of(post(Client(), "/login/", instrument="none"))
    assert "Springfield ID" not in Client().get("/login/").content.decode()


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": single_sign_on.settings.OIDC_ISSUER,
        "aud": "crds",
        "sub": "s",
        "iat": now,
        "exp": now + 60,
    }
    claims |= {"nonce": "n", **changes}
    return {name: value for name, value in claims.items() if value is not None}


def _verify(monkeypatch: pytest.MonkeyPatch, token: str) -> dict[str, Any]:
    backend = single_sign_on.SingleSignOn()
    monkeypatch.setattr(backend, "retrieve_matching_jwk", lambda _token: KEY.public_key())
    return backend.verify_token(token, nonce="n")


def test_a_good_id_token_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _verify(monkeypatch, jwt.encode(_claims(), KEY, "RS256"))["sub"] == "s"
    assert _verify(monkeypatch, jwt.encode(_claims(aud=["crds", "x"], azp="crds"), KEY, "RS256"))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://evil.org"},
        {"iss": None},
        {"exp": 1_500_000_000},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"nonce": "other"},
        {"nonce": None},
        {"azp": "another"},
        {"nbf": 4_000_000_000},
    ],
    ids=str,
)
def test_a_bad_id_token_is_refused(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]) -> None:
    with pytest.raises((jwt.PyJWTError, SuspiciousOperation)):
        _verify(monkeypatch, jwt.encode(_claims(**changes), KEY, "RS256"))


def test_an_id_token_signed_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    secret = "secret" * 8
    forged = (
        jwt.encode(_claims(), other, "RS256"),
        jwt.encode(_claims(), secret, "HS256"),
        jwt.encode(_claims(), None, "none"),
        jwt.encode(_claims(), KEY, "RS512"),
    )
    for token in forged:
        with pytest.raises(jwt.PyJWTError):
            _verify(monkeypatch, token)


def test_expiry_has_a_little_leeway(monkeypatch: pytest.MonkeyPatch) -> None:
    late = int(time.time() - timedelta(seconds=single_sign_on.LEEWAY / 2).total_seconds())
    assert _verify(monkeypatch, jwt.encode(_claims(exp=late), KEY, "RS256"))


def test_what_is_told_about_another_person_is_refused(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    class Answer:
        def raise_for_status(self) -> None: ...
        def json(self) -> dict[str, str]:
            return {"sub": "somebody-else", "email": "homer@x.org"}

    backend = single_sign_on.SingleSignOn()
    backend.request, backend.OIDC_OP_USER_ENDPOINT = RequestFactory().get("/"), "http://localhost/"
    monkeypatch.setattr(single_sign_on.requests, "get", lambda *args, **kwargs: Answer())
    with pytest.raises(SuspiciousOperation, match="another person"):
        backend.get_userinfo("a", "b", {"sub": "s"})
