"""Accounts and tokens to test with; every argument is optional."""

from collections.abc import Iterable
from typing import Any

from django.test import Client

from apps.accounts.models import Token, User
from apps.accounts.operations import create_account, create_token

PASSWORD = "correct horse battery"


def make_user(
    name: str = "homer",
    *,
    role: str = "submitter",
    instruments: Iterable[str] = (),
    password: str | None = PASSWORD,
    **fields: Any,
) -> User:
    return create_account(
        name, role=role, instruments=instruments, password=password, **{"by": "test", **fields}
    )


def make_token(user: User | None = None, *, scopes: Iterable[str] = (), **fields: Any) -> tuple[Token, str]:
    """Return a token and its text; `fields` are columns to change afterwards."""
    token, text = create_token(user or make_user(), name="test", scopes=list(scopes))
    Token.objects.filter(pk=token.pk).update(**fields)
    token.refresh_from_db()
    return token, text


def logged_in(user: User | None = None, *, instrument: str = "none", **options: Any) -> Client:
    """Return a browser in which somebody has logged in; CSRF is enforced.

    As the CRDS client does, it says with each request that it comes from this server.
    """
    browser = Client(enforce_csrf_checks=True, headers={"Referer": "http://testserver/"}, **options)
    user = user or make_user()
    response = post(browser, "/login/", username=user.username, password=PASSWORD, instrument=instrument)
    assert response.status_code == 302, response.content.decode()
    return browser


def post(browser: Client, path: str, form: str = "", **values: Any) -> Any:
    """Read the CSRF token from the answer to a GET as the client does, then post."""
    token = browser.get(form or path).cookies["csrftoken"].value
    return browser.post(path, {"csrfmiddlewaretoken": token, **values})
