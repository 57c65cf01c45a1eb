"""The audit records of acts on accounts."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client

from apps.accounts.models import Token, User
from apps.accounts.operations import (
    bind_identity,
    change_password,
    close_account,
    create_token,
    grant,
    revoke_token,
    withdraw,
)
from apps.catalog.models import AuditRecord, Revision
from tests.accounts.test_access import type_passwords
from tests.factories.accounts import PASSWORD, make_token, make_user

pytestmark = pytest.mark.django_db


def records() -> list[tuple[str, str, str]]:
    """Return who did what, oldest first, since the last call."""
    found = list(AuditRecord.objects.order_by("pk").values_list("user", "action", "details"))
    AuditRecord.objects.all().delete()
    return found


def test_every_act_on_an_account_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("create_account", "homer", "--role", "submitter", "--instrument", "miri", "fgs")
    assert records() == [
        ("create_account", "create account", "account homer: submitter for fgs, miri"),
    ]
    call_command("change_account", "homer", "--grant", "operator")
    call_command("change_account", "homer", "--grant", "operator")
    call_command("change_account", "homer", "--withdraw", "submitter")
    call_command("change_account", "homer", "--withdraw", "submitter")
    assert records() == [
        ("change_account", "grant role", "account homer: operator for all instruments"),
        ("change_account", "withdraw role", "account homer: submitter"),
    ]
    type_passwords(monkeypatch, "a-brand-new-word", "a-brand-new-word")
    call_command("changepassword", "homer")
    assert records() == [("changepassword", "change password", "account homer")]
    bind_identity("homer@example.org", issuer="https://id.example.org", subject="7")
    User.objects.update(email="homer@example.org")
    bind_identity("homer@example.org", issuer="https://id.example.org", subject="7")
    assert records() == [("homer", "bind identity", "account homer: 7 of https://id.example.org")]
    call_command("change_account", "homer", "--close")
    close_account(User.objects.get(), by="test")
    assert records() == [("change_account", "close account", "account homer")]


def test_tokens_that_are_made_and_revoked_are_recorded() -> None:
    user = make_user()
    token, text = make_token(user, scopes=["submitter"])
    records()
    call_command("create_token", "homer")
    assert [(who, action) for who, action, _details in records()] == [("create_token", "create token")]
    revoke_token(token, by=user)
    revoke_token(token, by=user)
    (record,) = records()
    assert record == ("homer", "revoke token", f"account homer: {token.prefix}…")
    assert text not in str(record)


def test_an_act_without_its_record_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_user()
    token, _text = make_token(user)

    def broken(*_args: object, **_fields: object) -> None:
        raise OperationalError

    monkeypatch.setattr("apps.catalog.audit.account_changed", broken)
    acts: list[Callable[[], object]] = [
        lambda: make_user("bart"),
        lambda: grant(user, role="operator", by="test"),
        lambda: withdraw(user, role="submitter", by="test"),
        lambda: change_password(user, "a-brand-new-word", by="test"),
        lambda: create_token(user, name="more"),
        lambda: revoke_token(token, by=user),
        lambda: close_account(user, by="test"),
    ]
    for act in acts:
        with pytest.raises(OperationalError):
            act()
    left = User.objects.get()
    assert left.is_active
    assert left.check_password(PASSWORD)
    assert [str(each.role) for each in left.grants.all()] == ["submitter"]
    assert Token.objects.get().revoked_at is None


def test_acts_on_accounts_are_not_public_and_make_nothing_stale(client: Client) -> None:
    before = Revision.objects.values_list("number", flat=True).first()
    make_user()
    assert AuditRecord.objects.filter(action="create account").exists()
    assert Revision.objects.values_list("number", flat=True).first() == before
    shown = client.get("/activity/", {"extension": "", "start_date": "*"}).content.decode()
    assert "account homer" not in shown
