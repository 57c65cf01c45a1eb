"""Operations on API tokens."""

import logging
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.errors import BadAccountError
from apps.accounts.models import Grant, Token, User
from apps.accounts.queries import PREFIX, digest_of
from apps.catalog import audit
from apps.catalog.models import Action
from apps.core.access import Role
from apps.core.errors import DeniedError
from apps.core.outages import find_outage
from apps.locks.queries import instruments

logger = logging.getLogger(__name__)


@transaction.atomic
def create_token(
    user: User,
    *,
    name: str,
    scopes: Collection[str] = (),
    days: int | None = None,
    by: str = "",
) -> tuple[Token, str]:
    """Make a token, and return its row and its text. The text is not stored.

    Parameters
    ----------
    name
        Purpose, in the owner's words.
    scopes
        Roles that it may use; all roles of the owner if none are given.
    days
        Days until it expires, at most `TOKEN_DAYS`; that many if not given.
    by
        Command that acts, for the audit record; the owner acts if it is not given.

    Raises
    ------
    DeniedError
        Raised if the owner logged in with a token: a stolen token must not be able to replace itself.
    BadAccountError
        Raised if the owner lacks one of the roles, or has no role, or if `days` is out of range.
    """
    if user.scopes is not None:
        raise DeniedError("A token cannot make tokens. Log in with your password or by single sign-on.")
    own = [role for role in Role.values if user.has_role(role)]
    chosen = sorted(set(scopes) or set(own))
    if not chosen or not set(chosen) <= set(own):
        raise BadAccountError(f"A token of {user} may have the scopes {', '.join(own) or '(none)'} only.")
    text = PREFIX + secrets.token_urlsafe(32)
    token = Token.objects.create(
        user=user,
        name=name[:64],
        prefix=text[:12],
        sha256=digest_of(text),
        scopes=chosen,
        expires_at=timezone.now() + timedelta(days=_days(days)),
    )
    audit.account_changed(
        user.username,
        action=Action.CREATE_TOKEN,
        user=by or user.username,
        details=f"{token.prefix}… for {', '.join(chosen)}",
    )
    logger.info("token %s was made for %s", token.prefix, user)
    return token, text


def _days(wanted: int | None) -> int:
    if wanted is not None and not 1 <= wanted <= settings.TOKEN_DAYS:
        raise BadAccountError(f"A token lasts 1 to {settings.TOKEN_DAYS} days, not {wanted}.")
    return wanted or settings.TOKEN_DAYS


@transaction.atomic
def revoke_token(token: Token, *, by: User) -> None:
    """End a token and the sessions that began with it. A second call changes nothing.

    Raises
    ------
    DeniedError
        Raised if `by` is neither the owner of the token nor an admin for all that the owner may do.
    """
    if by.pk != token.user_id and not _is_admin_over(token.user_id, by):
        raise DeniedError("Only its owner, or an admin for the owner's instruments, may revoke a token.")
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit.account_changed(
            token.user.username, action=Action.REVOKE_TOKEN, user=by.username, details=f"{token.prefix}…"
        )
        logger.info("%s revoked the token %s", by, token.prefix)


def _is_admin_over(owner: int, by: User) -> bool:
    """Return whether somebody is an admin for every instrument of another person."""
    wanted = set(Grant.objects.filter(user=owner).values_list("instrument", flat=True))
    if "" in wanted:
        wanted = set(instruments())
    return by.has_role(Role.ADMIN) and all(by.has_role(Role.ADMIN, name) for name in wanted)


def note_use(token: Token) -> None:
    """Store when a token was used, to the minute, so that not every request writes."""
    minute = timezone.now().replace(second=0, microsecond=0)
    if token.last_used_at is not None and token.last_used_at >= minute:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=minute)
    try:
        Token.objects.filter(stale, pk=token.pk).update(last_used_at=minute)
    except OperationalError as exc:
        # The note is a service to its owner. A full disk must not keep programs from reading.
        if find_outage(exc) is None:
            raise
        logger.warning("the use of the token %s was not noted: %s", token.prefix, exc)
