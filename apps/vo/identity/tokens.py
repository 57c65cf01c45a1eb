"""Signed tokens, with which a caller can read and do nothing else."""

from __future__ import annotations

import hashlib
import secrets
import time

import jwt
from django.conf import settings

from apps.accounts.models import Token, User
from apps.accounts.queries import get_usable_token
from apps.vo.errors import UnknownCallerError

SCOPE = "read"
_ALGORITHM = "HS256"


def _key() -> bytes:
    """Return the key of these tokens, which signs nothing else."""
    return hashlib.sha256(b"apps.vo.identity.tokens\0" + settings.SECRET_KEY.encode()).digest()


def make_token(user: User, api_token: Token | None = None) -> str:
    """Return a token of an account. It ends after `VO_TOKEN_SECONDS`, or when the account may not log in.

    The claims are ASCII and hold none of ``>?~``, because a client reads them with the plain base64 alphabet.
    The account is named by its number: a name could be given to another person.

    Parameters
    ----------
    api_token
        API token with which the person logged in. The new token ends with it and has only its scopes.
    """
    now = int(time.time())
    claims = {
        "sub": str(user.pk),
        "iat": now,
        "exp": now + settings.VO_TOKEN_SECONDS,
        "jti": secrets.token_hex(16),
        "scope": SCOPE,
        "iss": settings.SERVER_STRING,
        **({"api_token": api_token.pk} if api_token else {}),
    }
    return jwt.encode(claims, _key(), algorithm=_ALGORITHM)


def user_of(token: str) -> User:
    """Return the account of a token.

    Raises
    ------
    UnknownCallerError
        Raised if it is not one of ours, has expired, its account may not log in, or the API token behind it
        has ended.
    """
    try:
        claims = jwt.decode(
            token, _key(), algorithms=[_ALGORITHM], options={"require": ["exp", "sub", "jti"]},
            issuer=settings.SERVER_STRING,
        )  # fmt: skip
    except jwt.ExpiredSignatureError:
        raise UnknownCallerError("The token has expired; get a new one.") from None
    except jwt.PyJWTError:
        raise UnknownCallerError("The token is not one of this server.") from None
    number = str(claims["sub"])
    user = User.objects.filter(pk=int(number)).first() if number.isascii() and number.isdigit() else None
    if user is None or not user.is_active or claims.get("scope") != SCOPE:
        raise UnknownCallerError("The account of the token cannot be used.")
    if "api_token" in claims:
        api_token = get_usable_token(int(claims["api_token"]))
        if api_token is None:
            raise UnknownCallerError("The API token behind this token was revoked or has expired.")
        user.scopes = frozenset(api_token.scopes)
    return user
