"""Makes accounts."""

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
        The role is for these; for all if there is none.
    password
        Local password. Without one the person comes by single sign-on or with a token.
    issuer, subject
        The person's identity at the provider of single sign-on. Without it the first login with a verified
        address equal to `email` fixes it.

    Raises
    ------
    BadAccountError
        Raised if one of the words has no meaning.
    AccountExistsError
        Raised if the name, the address or the identity belongs to an account already.
    """
    _require_words(name, role, email)
    names = sorted({require_instrument(instrument) for instrument in instruments}) or [""]
    user = User(username=name, email=email, issuer=issuer if subject else "", subject=subject)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            Grant.objects.bulk_create(Grant(user=user, role=role, instrument=name) for name in names)
    except IntegrityError:
        raise AccountExistsError(
            f"There is an account of the name {name}, of its e-mail address or of its identity already."
        ) from None
    logger.info("account %s made: %s of %s", name, role, ", ".join(names) or "all instruments")
    return user


def _require_words(name: str, role: str, email: str) -> None:
    if not re.fullmatch(NAME, name):
        raise BadAccountError(
            f"{name[:150]!r} is no account name: letters, digits and '. _ @ + -', a letter or digit first."
        )
    if role not in Role.values:
        raise BadAccountError(f"There is no role {role[:40]!r}; there are {', '.join(Role.values)}.")
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise BadAccountError(f"{email[:150]!r} is no e-mail address.") from None


def grant(user: User, *, role: str, instruments: Iterable[str] = ()) -> None:
    """Grant a role, for some instruments or for all; what is granted already stays.

    Raises
    ------
    BadAccountError, UnknownInstrumentError
        Raised if one of the words has no meaning.
    """
    _require_words(user.username, role, "")
    for name in sorted({require_instrument(instrument) for instrument in instruments}) or [""]:
        Grant.objects.get_or_create(user=user, role=role, instrument=name)
    logger.info("account %s granted %s", user, role)


def withdraw(user: User, *, role: str) -> None:
    """Withdraw a role for every instrument; a lock that the person holds runs on to its end."""
    Grant.objects.filter(user=user, role=role).delete()
    logger.info("account %s lost %s", user, role)


@transaction.atomic
def close_account(user: User) -> None:
    """Let an account in no more: its sessions and tokens end, and its lock is free. What it did stays."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    release_user(user.username)
    logger.info("account %s closed", user)


def bind_identity(email: str, *, issuer: str, subject: str) -> User | None:
    """Fix the identity of the account that waits for a verified address, and return it; None if none waits.

    An account is bound once: later the address may belong to somebody else.
    """
    if not email:
        return None
    waiting = User.objects.filter(email__iexact=email, subject="", is_active=True)
    if not waiting.update(issuer=issuer, subject=subject):
        return None
    logger.info("identity %s of %s bound by its verified address", subject, issuer)
    return User.objects.get(issuer=issuer, subject=subject)
