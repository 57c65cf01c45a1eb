"""Operations that make, change and close accounts."""

import logging
import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from apps.accounts.errors import AccountExistsError, BadAccountError
from apps.accounts.models import NAME, Grant, User
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
    except IntegrityError:
        raise AccountExistsError(
            f"The account {name} was not made: "
            "its name, e-mail address or identity already belongs to an account."
        ) from None
    logger.info("account %s was made: %s for %s", name, role, ", ".join(names) or "all instruments")
    return user


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


def grant(user: User, *, role: str, instruments: Iterable[str] = ()) -> None:
    """Grant a role for some instruments or for all. Existing grants stay.

    Raises
    ------
    BadAccountError, UnknownInstrumentError
        Raised if a value is not valid.
    """
    _require_valid(user.username, role, "")
    for name in sorted({require_instrument(instrument) for instrument in instruments}) or [""]:
        Grant.objects.get_or_create(user=user, role=role, instrument=name)
    logger.info("account %s was granted the role %s", user, role)


def withdraw(user: User, *, role: str) -> None:
    """Withdraw a role for every instrument. A lock that the person holds stays until its end."""
    Grant.objects.filter(user=user, role=role).delete()
    logger.info("account %s no longer has the role %s", user, role)


@transaction.atomic
def close_account(user: User) -> None:
    """Close an account: end its sessions and tokens, and release its lock. Its records stay."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    release_user(user.username)
    logger.info("account %s was closed", user)


def bind_identity(email: str, *, issuer: str, subject: str) -> User | None:
    """Bind an identity to the account with this verified address, and return it; None if there is none.

    An account is bound only once, because the address may later belong to somebody else.
    """
    if not email:
        return None
    waiting = User.objects.filter(email__iexact=email, subject="", is_active=True)
    if not waiting.update(issuer=issuer, subject=subject):
        return None
    logger.info("identity %s of %s bound to the account with its verified address", subject, issuer)
    return User.objects.get(issuer=issuer, subject=subject)
