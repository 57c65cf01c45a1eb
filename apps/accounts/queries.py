"""Reads of accounts and tokens."""

import hashlib

from django.db.models import Q, QuerySet
from django.utils.crypto import constant_time_compare

from apps.accounts.models import Token, User
from apps.core.access import Role
from apps.core.rows import find_row
from apps.locks.queries import instruments

PREFIX = "crds_"  # By which people and secret scanners recognise a token.


def find_user(name: str) -> User | None:
    """Return the account with this name or e-mail address, ignoring case; None if there is none."""
    if not name or "\0" in name:  # PostgreSQL refuses to search for a text with this character.
        return None
    # Prefer the name: both are unique, but an address may be the name of another account.
    found = list(User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name)))
    return min(found, key=lambda user: user.username.lower() != name.lower(), default=None)


def is_admin_of_everything(user: User) -> bool:
    """Return whether somebody is an admin for every instrument, and may therefore change any account."""
    return user.has_role(Role.ADMIN) and all(user.has_role(Role.ADMIN, name) for name in instruments())


def find_identity(issuer: str, subject: str) -> User | None:
    """Return the account with this identity at a provider; None if there is none."""
    return User.objects.filter(issuer=issuer, subject=subject).exclude(subject="").first()


def find_token(text: str) -> Token | None:
    """Return the token with this text if it is usable now, else None."""
    if not text.startswith(PREFIX):
        return None
    digest = digest_of(text)
    token = find_row(Token, sha256=digest)
    if token is None or not constant_time_compare(token.sha256, digest):
        return None
    return _usable(token)


def get_usable_token(pk: int) -> Token | None:
    """Return a token if it is usable now, else None."""
    token = find_row(Token, id=pk)
    return _usable(token) if token else None


def _usable(token: Token) -> Token | None:
    """Return the token with its owner if it is usable now, else None."""
    owner = find_row(User, id=token.user_id)
    if owner is None:
        return None
    token.user = owner
    return token if token.is_usable else None


def tokens_of(user: User) -> QuerySet[Token]:
    """Return the tokens of an account, newest first."""
    return user.tokens.all()


def digest_of(text: str) -> str:
    """Return the digest of a token; the text may hold any characters."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
