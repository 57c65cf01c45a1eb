"""Invitations: an account without a password, and a mail with a link by which its owner sets one."""

import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from apps.accounts.errors import BadAccountError
from apps.accounts.models import User
from apps.accounts.operations.people import create_account
from apps.catalog import audit
from apps.catalog.models import Action
from apps.core.addresses import absolute
from apps.mails.operations import post


@transaction.atomic
def invite(name: str, *, email: str, role: str, instruments: Iterable[str] = (), by: str) -> User:
    """Make an account with one role, and mail its owner a link to set a password.

    Raises
    ------
    BadAccountError, AccountExistsError, UnknownInstrumentError
        Raised as by `create_account`, and if there is no address.
    """
    if not email:
        raise BadAccountError("An invitation needs an e-mail address.")
    user = create_account(name, role=role, instruments=instruments, email=email, by=by)
    send_password_link(user, by=by)
    return user


@transaction.atomic
def send_password_link(user: User, *, by: str) -> None:
    """Mail the owner of an account a link that sets a password; it works once and for some days.

    Raises
    ------
    BadAccountError
        Raised if the account is closed or has no address.
    """
    if not user.is_active or not user.email:
        raise BadAccountError(f"The account {user} is closed or has no e-mail address. Nothing was sent.")
    token = default_token_generator.make_token(user)
    name = urlsafe_base64_encode(force_bytes(user.pk))
    link = absolute(reverse("accounts:set_password", args=[name, token]))
    days = settings.PASSWORD_RESET_TIMEOUT // 86400
    post(
        key=f"password-link-{user.pk}-{_digest(token)}",
        recipients=[user.email],
        subject=f"Your account at the CRDS server for {settings.OBSERVATORY.upper()}",
        text=f"You have the account {user} at {settings.PUBLIC_URL}\n\nSet your password here within {days} "
        f"days:\n{link}\n\nIf you did not expect this mail, ask {settings.ACCOUNT_CONTACT}.",
        is_for_lists=False,
    )
    audit.account_changed(
        user.username, action=Action.SEND_PASSWORD_LINK, user=by, details=f"to {user.email}"
    )


def _digest(token: str) -> str:
    """Return a text that differs for each token and does not tell it; keys of mails are written to logs."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]
