"""Reads accounts and tokens."""

import hashlib

from django.db.models import Q, QuerySet
from django.utils.crypto import constant_time_compare

from apps.accounts.models import Token, User
from apps.core.rows import find_row

PREFIX = "crds_"  # So that people and secret scanners know a token when they see one.


def find_user(name: str) -> User | None:
    """Return the account of a name or an e-mail address, in any case; None if there is none."""
    if not name or "\0" in name:  # PostgreSQL refuses to look for a text with this character.
        return None
    # A name wins over an address: both are unique, and an address may be somebody else's name.
    found = list(User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name)))
    return min(found, key=lambda user: user.username.lower() != name.lower(), default=None)


def find_identity(issuer: str, subject: str) -> User | None:
    """Return the account of a provider's identity; None if there is none."""
    return User.objects.filter(issuer=issuer, subject=subject).exclude(subject="").first()


def find_token(text: str) -> Token | None:
    """Return the token of this text if it lets somebody in now; else None."""
    if not text.startswith(PREFIX):
        return None
    digest = digest_of(text)
    token = find_row(Token, sha256=digest)
    if token is None or not constant_time_compare(token.sha256, digest):
        return None
    return _usable(token)


def get_usable_token(pk: int) -> Token | None:
    """Return a token if it still lets somebody in; else None."""
    token = find_row(Token, id=pk)
    return _usable(token) if token else None


def _usable(token: Token) -> Token | None:
    """Return a token with its owner if it lets somebody in now."""
    owner = find_row(User, id=token.user_id)
    if owner is None:
        return None
    token.user = owner
    return token if token.is_usable else None


def tokens_of(user: User) -> QuerySet[Token]:
    """Return the tokens of an account, newest first."""
    return user.tokens.all()


def digest_of(text: str) -> str:
    """Return what is kept of a token, whatever characters somebody sends."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
