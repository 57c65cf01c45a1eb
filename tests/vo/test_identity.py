"""Callers: tokens, schemes, challenges, and what each may see."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Attempt, Token
from apps.catalog.models import File
from apps.vo.identity import rate_limit
from apps.vo.identity.tokens import make_token
from apps.vo.models import QueryJob, RequestCount
from tests.factories import sites
from tests.factories.accounts import PASSWORD, logged_in, make_user
from tests.factories.accounts import make_token as make_api_token
from tests.factories.catalog import make_file
from tests.vo.conftest import Ask, body_of

CHALLENGE = (
    'ivoa_bearer standard_id="ivo://ivoa.net/sso#tls-with-password", '
    'access_url="http://testserver/auth/login", Basic realm="crds"'
)
VO = ("/tap/capabilities", "/tap/tables", "/tap/async", "/datalink/links", "/calselector/v1/explain")
NAMES = "SELECT name FROM crds.files ORDER BY name"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def credentials(**changes: Any) -> dict[str, Any]:
    return {"grant_type": "password", "username": "homer", "password": PASSWORD} | changes


@pytest.fixture
def homer(tap_database: None) -> Any:
    return make_user("homer")


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_token_endpoint_answers_json(homer: Any, method: str) -> None:
    answer = getattr(Client(), method)("/sso/oidc/token", credentials(client_id="x", client_secret="y"))
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200, "application/json", "no-store",
    )  # fmt: skip
    found = answer.json()
    assert found["access_token"] == found["id_token"]
    assert (found["token_type"], found["expires_in"], found["scope"]) == ("bearer", 8 * 3600, "read")
    claims = jwt.decode(found["access_token"], options={"verify_signature": False})
    assert {"sub", "iat", "exp", "jti", "scope"} <= set(claims)
    # A client reads the claims with the plain base64 alphabet.
    assert not set(found["access_token"].split(".")[1]) & set("-_")
    assert not set(json.dumps(claims)) & set(">?~")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"password": "qwertyuiop"}, 401, "invalid_grant"),
        ({"username": "nobody"}, 401, "invalid_grant"),
        ({"password": ""}, 401, "invalid_grant"),
        ({"username": ""}, 401, "invalid_grant"),
        ({"username": "ho\x00mer"}, 401, "invalid_grant"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_json_and_not_echoed(
    homer: Any, changes: dict[str, str], status: int, error: str
) -> None:
    answer = Client().post("/sso/oidc/token", credentials(**changes))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer["Cache-Control"] == "no-store"
    for value in changes.values():
        assert not value or value not in answer.json()["error_description"]
    if status == 401:
        assert answer["WWW-Authenticate"] == CHALLENGE


def test_get_can_be_switched_off(homer: Any, settings: Any) -> None:
    settings.VO_TOKEN_BY_GET = False
    assert Client().get("/sso/oidc/token", credentials()).status_code == 400
    assert Client().post("/sso/oidc/token", credentials()).status_code == 200


def test_attempts_are_counted(homer: Any) -> None:
    Client().post("/sso/oidc/token", credentials(password="wrong"))
    Client().post("/auth/login", {"username": "homer", "password": "wrong"})
    assert Attempt.objects.count() == 2


def test_the_login_of_clients_answers_in_headers(homer: Any) -> None:
    answer = Client().post("/auth/login", {"username": "homer", "password": PASSWORD})
    assert (answer.status_code, answer["X-VO-Authenticated"]) == (200, "homer")
    seen = Client().get("/tap/capabilities", headers=bearer(answer["X-VO-Bearer"]))
    assert seen["X-VO-Authenticated"] == "homer"
    refused = Client().post("/auth/login", {"username": "homer", "password": "wrong"})
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, CHALLENGE)
    assert Client().get("/auth/login").status_code == 405


def test_every_scheme_is_accepted(homer: Any) -> None:
    _row, api = make_api_token(homer)
    for headers in (bearer(make_token(homer)), bearer(api), basic("homer", PASSWORD), basic("homer", api)):
        answer = Client().get("/tap/capabilities", headers=headers)
        assert (answer.status_code, answer["X-VO-Authenticated"]) == (200, "homer")
    anonymous = Client().get("/tap/capabilities")
    assert not anonymous.has_header("X-VO-Authenticated")
    assert anonymous["WWW-Authenticate"] == CHALLENGE
    assert Client().head("/tap/capabilities")["WWW-Authenticate"] == CHALLENGE


def bad_headers(homer: Any) -> list[str]:
    expired = jwt.encode(
        {"sub": str(homer.pk), "exp": 1, "jti": "a", "scope": "read"}, "x" * 32, algorithm="HS256"
    )
    token = make_token(homer)
    head, body, signature = token.split(".")
    unsigned = jwt.encode(
        {"sub": str(homer.pk), "exp": 9**11, "jti": "a", "scope": "read"}, "", algorithm="none"
    )
    return [
        "Bearer", "Bearer ", "Bearer nonsense", "Bearer crds_unknown", f"Bearer {expired}", f"Bearer {unsigned}",
        f"Bearer {head}.{body}.{signature[:-2]}", f"Bearer {head}.{body}.", "Basic", "Basic %%%", "Basic aG9tZXI=",
        basic("homer", "wrong")["Authorization"], "Digest x", "nonsense", "Bearer " + "a" * 10_000,
    ]  # fmt: skip


def test_a_header_that_is_not_valid_is_401_everywhere(homer: Any, settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = 1000
    for header in bad_headers(homer):
        for path in ("/tap/sync?LANG=ADQL&QUERY=SELECT+1+FROM+crds.files", *VO):
            answer = Client().get(path, headers={"Authorization": header})
            assert (answer.status_code, answer["WWW-Authenticate"]) == (401, CHALLENGE), (header[:40], path)
            assert b"<html" not in answer.content
            answer.close()


def test_a_token_ends_with_its_time_and_its_account(homer: Any, settings: Any) -> None:
    settings.VO_TOKEN_SECONDS = -1
    assert Client().get("/tap/capabilities", headers=bearer(make_token(homer))).status_code == 401
    settings.VO_TOKEN_SECONDS = 60
    token = make_token(homer)
    assert Client().get("/tap/capabilities", headers=bearer(token)).status_code == 200
    homer.is_active = False
    homer.save()
    assert Client().get("/tap/capabilities", headers=bearer(token)).status_code == 401


def test_a_revoked_api_token_is_refused(homer: Any) -> None:
    row, api = make_api_token(homer)
    Token.objects.filter(pk=row.pk).update(revoked_at=timezone.now() - timedelta(minutes=1))
    assert Client().get("/tap/capabilities", headers=bearer(api)).status_code == 401


def test_a_signed_token_opens_nothing_but_these_services(homer: Any) -> None:
    headers = bearer(make_token(make_user("lisa", role="admin")))
    assert Client().get("/accounts/tokens/", headers=headers).status_code in (302, 401)
    assert Client().post("/upload/new/", headers=headers).status_code in (302, 401, 403, 404)


def test_a_cookie_says_nothing_here(homer: Any) -> None:
    browser = logged_in(homer, instrument="miri")
    assert not browser.get("/tap/capabilities").has_header("X-VO-Authenticated")
    assert browser.get("/tap/async").content.count(b"jobref") == 0


def test_restricted_files_are_for_their_deliverer_and_operators(ask: Ask, homer: Any) -> None:
    sites.make_site()
    make_file("jwst_miri_flat_0003.fits", content=b"SIMPLE  = T")
    public = len(ask(NAMES).rows)
    make_file("jwst_miri_flat_0002.fits", content=b"SIMPLE  = F", deliverer="homer")
    File.objects.filter(name="jwst_miri_flat_0002.fits").update(state="uploaded")
    readers = {
        "anybody": ({}, 0, 401),
        "somebody else": (bearer(make_token(make_user("bart"))), 0, 403),
        "the deliverer": (bearer(make_token(homer)), 1, 200),
        "an operator": (bearer(make_token(make_user("lisa", role="operator"))), 1, 200),
    }
    for who, (headers, more, status) in readers.items():
        assert len(ask(NAMES, headers=headers).rows) == public + more, who
        answer = Client().get("/dataportal/file/jwst_miri_flat_0002.fits", headers=headers)
        assert answer.status_code == status, who
        content = body_of(answer)
        assert (content == b"SIMPLE  = F") == (status == 200)
        links = Client().get("/datalink/links?ID=jwst_miri_flat_0002.fits", headers=headers)
        assert (b"NotFoundFault" in links.content) == (more == 0), who


def test_too_many_requests_are_429(tap_database: None, settings: Any) -> None:
    settings.VO_REQUESTS_PER_MINUTE = 3
    answers = [Client().get("/tap/capabilities") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0


def statuses(number: int) -> list[int]:
    return [Client().get("/tap/capabilities").status_code for _ in range(number)]


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.vo.identity.rate_limit.time.time", lambda: 1_800_000_030.0)


def test_the_requests_of_all_processes_count_together(
    tap_database: None, one_minute: None, settings: Any
) -> None:
    settings.VO_REQUESTS_PER_MINUTE = 20
    assert statuses(12) == [200] * 12
    rate_limit.forget()  # So much does another process know.
    assert statuses(11) == [200] * 8 + [429] * 3
    assert RequestCount.objects.get().requests == 22


def test_a_caller_who_asks_seldom_costs_no_write(tap_database: None, one_minute: None) -> None:
    assert statuses(10) == [200] * 10
    assert not RequestCount.objects.exists()


def test_the_counts_of_earlier_minutes_are_deleted(tap_database: None) -> None:
    assert RequestCount.add("user homer", 7, 5) == 5
    assert RequestCount.add("user homer", 7, 5) == 10
    assert RequestCount.add("user homer", 8, 5) == 5
    assert RequestCount.objects.count() == 1


def test_a_process_counts_alone_while_the_database_is_away(
    tap_database: None, one_minute: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VO_REQUESTS_PER_MINUTE = 20

    def away(*arguments: Any) -> int:
        raise OperationalError("connection refused")

    monkeypatch.setattr(RequestCount, "add", away)
    assert statuses(23) == [200] * 20 + [429] * 3


FROM_ELSEWHERE = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a neighbour": {"Sec-Fetch-Site": "same-site"},
    "a site over plain HTTP": {"Origin": "http://elsewhere.test"},
    "a sandboxed page": {"Origin": "null"},
}


@pytest.mark.parametrize("sender", FROM_ELSEWHERE)
def test_a_password_that_a_browser_sends_again_for_another_site_makes_no_job(homer: Any, sender: str) -> None:
    """A browser adds a password that it knows to every request, whichever page made it."""
    sent = basic("homer", PASSWORD) | FROM_ELSEWHERE[sender]
    answer = Client(enforce_csrf_checks=True).post("/tap/async", {"LANG": "ADQL"}, headers=sent)
    assert answer.status_code == 403
    assert "another site" in answer.content.decode()
    assert not QueryJob.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://testserver"}],
)
def test_a_password_of_a_program_or_of_our_own_pages_makes_a_job(homer: Any, headers: dict[str, str]) -> None:
    sent = basic("homer", PASSWORD) | headers
    answer = Client(enforce_csrf_checks=True).post("/tap/async", {"LANG": "ADQL"}, headers=sent)
    assert answer.status_code == 303
    assert QueryJob.objects.get().owner == "homer"


def test_a_link_on_another_site_can_be_followed_with_a_password(homer: Any) -> None:
    sent = basic("homer", PASSWORD) | {"Sec-Fetch-Site": "cross-site"}
    assert Client(enforce_csrf_checks=True).get("/tap/async", headers=sent).status_code == 200
