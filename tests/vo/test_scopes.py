"""Tokens and jobs never allow more than the API token with which somebody logged in."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Token
from apps.vo.identity.authentication import reader_for
from apps.vo.identity.reader import Reader
from apps.vo.identity.tokens import make_token, user_of
from apps.vo.models import QueryJob
from apps.vo.uws.pipeline import _reader
from tests.factories.accounts import make_token as make_api_token
from tests.factories.accounts import make_user
from tests.factories.vo import QUERY, make_query_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def lisa() -> Any:
    return make_user("lisa", role="operator")


@pytest.mark.parametrize(("scopes", "sees_all"), [(["submitter"], False), (["operator"], True), ([], True)])
def test_a_signed_token_has_the_scopes_of_the_api_token(lisa: Any, scopes: list[str], sees_all: bool) -> None:
    lisa.grants.create(role="submitter")
    _, text = make_api_token(lisa, scopes=scopes)
    sent = {"grant_type": "password", "username": "lisa", "password": text}
    made = Client().post("/sso/oidc/token", sent).json()["access_token"]
    header = Client().post("/auth/login", sent)["X-VO-Bearer"]
    for token in (made, header):
        assert reader_for(user_of(token)).sees_all == sees_all


def test_a_signed_token_ends_with_the_api_token(lisa: Any) -> None:
    api_token, text = make_api_token(lisa)
    sent = {"grant_type": "password", "username": "lisa", "password": text}
    headers = {"Authorization": f"Bearer {Client().post('/sso/oidc/token', sent).json()['access_token']}"}
    assert Client().get("/tap/capabilities", headers=headers).status_code == 200
    Token.objects.filter(pk=api_token.pk).update(revoked_at=timezone.now())
    answer = Client().get("/tap/capabilities", headers=headers)
    assert answer.status_code == 401
    assert b"API token behind this token was revoked" in answer.content


def test_a_job_runs_with_the_rights_of_the_token_that_made_it(lisa: Any) -> None:
    lisa.grants.create(role="submitter")
    _, text = make_api_token(lisa, scopes=["submitter"])
    sent = {"LANG": "ADQL", "QUERY": QUERY}
    for token, sees_all in ((text, False), (make_token(lisa), True)):
        Client().post("/tap/async", sent, headers={"Authorization": f"Bearer {token}"})
        assert _reader(QueryJob.objects.latest("pk")) == Reader("lisa", sees_all)


def test_a_role_that_was_withdrawn_does_not_count_for_older_jobs(lisa: Any) -> None:
    row = make_query_job(owner="lisa", sees_all=True)
    lisa.grants.all().delete()
    assert not _reader(row).sees_all


def test_a_limited_token_does_not_read_the_jobs_of_an_unlimited_one(lisa: Any) -> None:
    lisa.grants.create(role="submitter")
    row = make_query_job(owner="lisa", sees_all=True)
    _, limited = make_api_token(lisa, scopes=["submitter"])
    for token, status in ((make_token(lisa), 200), (limited, 403)):
        headers = {"Authorization": f"Bearer {token}"}
        assert Client().get(f"/tap/async/{row.key}", headers=headers).status_code == status
