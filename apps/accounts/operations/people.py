"""Operations that make, change and close accounts."""

import logging
import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from apps.accounts.errors import AccountExistsError, BadAccountError
from apps.accounts.models import NAME, Grant, User
from apps.catalog import audit
from apps.catalog.models import Action
from apps.core.access import Role
from apps.locks.operations import release_user
from apps.locks.queries import require_instrument

logger = logging.getLogger(__name__)


def create_account(
    name: str,
    *,
    role: str,
    instruments: Iterable[str] = (),
    email: str = "",
    password: str | None = None,
    issuer: str = "",
    subject: str = "",
    by: str,
) -> User:
    """Make an account with one role.

    Parameters
    ----------
    name
        1 to 150 letters, digits and ``. _ @ + -``; unique in any case.
    role
        ``submitter``, ``operator`` or ``admin``.
    instruments
        Instruments for which the role is granted; all if none is given.
    password
        Local password. Without one the person logs in by single sign-on or with a token.
    issuer, subject
        The person's identity at the provider of single sign-on. If it is not given, the first login with a
        verified address equal to `email` sets it.
    by
        Account or command that acts, for the audit record.

    Raises
    ------
    BadAccountError
        Raised if a value is not valid.
    AccountExistsError
        Raised if the name, the address or the identity already belongs to an account.
    """
    _require_valid(name, role, email)
    names = sorted({require_instrument(instrument) for instrument in instruments}) or [""]
    user = User(username=name, email=email, issuer=issuer if subject else "", subject=subject)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            Grant.objects.bulk_create(Grant(user=user, role=role, instrument=name) for name in names)
            details = _role_for(role, names)
            audit.account_changed(name, action=Action.CREATE_ACCOUNT, user=by, details=details)
    except IntegrityError:
        raise AccountExistsError(
            f"The account {name} was not made: "
            "its name, e-mail address or identity already belongs to an account."
        ) from None
    logger.info("account %s was made: %s", name, details)
    return user


def _role_for(role: str, instruments: Iterable[str]) -> str:
    """Return a role and its instruments in words; an empty name means all instruments."""
    return f"{role} for {', '.join(filter(None, instruments)) or 'all instruments'}"


def _require_valid(name: str, role: str, email: str) -> None:
    if not re.fullmatch(NAME, name):
        raise BadAccountError(
            f"{name[:150]!r} is not an account name. It may have letters, digits and '. _ @ + -', and begins "
            "with a letter or digit."
        )
    if role not in Role.values:
        raise BadAccountError(f"There is no role {role[:40]!r}; there are {', '.join(Role.values)}.")
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise BadAccountError(f"{email[:150]!r} is not an e-mail address.") from None


@transaction.atomic
def grant(user: User, *, role: str, instruments: Iterable[str] = (), by: str) -> None:
    """Grant a role for some instruments or for all. Existing grants stay.

    Raises
    ------
    BadAccountError, UnknownInstrumentError
        Raised if a value is not valid.
    """
    _require_valid(user.username, role, "")
    names = sorted({require_instrument(instrument) for instrument in instruments}) or [""]
    new = [name for name in names if Grant.objects.get_or_create(user=user, role=role, instrument=name)[1]]
    if not new:
        return
    details = _role_for(role, new)
    audit.account_changed(user.username, action=Action.GRANT_ROLE, user=by, details=details)
    logger.info("account %s was granted the role %s", user, details)


@transaction.atomic
def withdraw(user: User, *, role: str, by: str) -> None:
    """Withdraw a role for every instrument. A lock that the person holds stays until its end."""
    if not Grant.objects.filter(user=user, role=role).delete()[0]:
        return
    audit.account_changed(user.username, action=Action.WITHDRAW_ROLE, user=by, details=role)
    logger.info("account %s no longer has the role %s", user, role)


@transaction.atomic
def change_password(user: User, password: str, *, by: str) -> None:
    """Set the local password of an account, which ends its sessions."""
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.account_changed(user.username, action=Action.CHANGE_PASSWORD, user=by)
    logger.info("the password of account %s was changed", user)


@transaction.atomic
def close_account(user: User, *, by: str) -> None:
    """Close an account: end its sessions and tokens, and release its lock. Its records stay.

    A second call changes nothing.
    """
    user.is_active = False
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        return
    release_user(user.username)
    audit.account_changed(user.username, action=Action.CLOSE_ACCOUNT, user=by)
    logger.info("account %s was closed", user)


@transaction.atomic
def reopen_account(user: User, *, by: str) -> None:
    """Open a closed account, so that its owner can log in again. A second call changes nothing."""
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        return
    audit.account_changed(user.username, action=Action.REOPEN_ACCOUNT, user=by)
    logger.info("account %s was opened again", user)


@transaction.atomic
def bind_identity(email: str, *, issuer: str, subject: str) -> User | None:
    """Bind an identity to the account with this verified address, and return it; None if there is none.

    An account is bound only once, because the address may later belong to somebody else.
    """
    if not email:
        return None
    waiting = User.objects.filter(email__iexact=email, subject="", is_active=True)
    if not waiting.update(issuer=issuer, subject=subject):
        return None
    user = User.objects.get(issuer=issuer, subject=subject)
    details = f"{subject} of {issuer}"
    audit.account_changed(user.username, action=Action.BIND_IDENTITY, user=user.username, details=details)
    logger.info("identity %s bound to the account with its verified address", details)
    return user
