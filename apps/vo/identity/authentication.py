"""The caller behind a request. Only the header ``Authorization`` counts here.

Clients send no CSRF token. If a session cookie counted, any web page could ask in the name of its visitor.
"""

from __future__ import annotations

import base64
import binascii

from django.http import HttpRequest

from apps.accounts.errors import LoginError, TooManyAttemptsError
from apps.accounts.models import Token, User
from apps.accounts.operations.login import identify
from apps.accounts.operations.tokens import note_use
from apps.accounts.queries import PREFIX, find_token
from apps.accounts.throttle import address_of
from apps.core.access import Role
from apps.core.same_origin import Sender, sender_of
from apps.vo.addresses import base_of
from apps.vo.errors import ForbiddenError, TooManyError, UnknownCallerError
from apps.vo.identity.reader import Reader
from apps.vo.identity.tokens import user_of

MAX_HEADER = 8_000  # characters
_READING = ("GET", "HEAD", "OPTIONS")


def reader_of(request: HttpRequest) -> Reader:
    """Return the caller behind a request; anybody if it has no ``Authorization`` header.

    Raises
    ------
    UnknownCallerError
        Raised if the header is there and not valid, also where nobody needs one.
    ForbiddenError
        Raised if a browser sent a password for a page of another site, and the request may change something.
    """
    address = address_of(request)
    header = str(request.headers.get("Authorization", ""))
    if not header.strip():
        return Reader(address=address)
    if len(header) > MAX_HEADER:
        raise UnknownCallerError("The Authorization header is too long.")
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        user = _bearer(rest.strip())
    elif scheme.lower() == "basic":
        _refuse_other_sites(request)
        user = _basic(rest.strip(), address)
    else:
        raise UnknownCallerError("The Authorization header has an unknown scheme; use Bearer or Basic.")
    return reader_for(user, address)


def reader_for(user: User, address: str = "") -> Reader:
    """Return what an account, limited to the scopes of its token, may see."""
    return Reader(user.username, user.has_role(Role.OPERATOR), address)


def login(name: str, password: str, address: str) -> tuple[User, Token | None]:
    """Return the account of a name and its password or API token, and the API token if it is one.

    Raises
    ------
    UnknownCallerError
        Raised if they are wrong.
    TooManyError
        Raised if too many attempts failed.
    """
    if not name or not password or "\0" in name + password:
        raise UnknownCallerError("The user name or the password is missing.")
    try:
        user, token = identify(name=name[:150], password=password, cookie="", address=address)
    except TooManyAttemptsError as exc:
        raise TooManyError(str(exc), seconds=60) from None
    except LoginError:
        raise UnknownCallerError("The user name, the password or the API token is wrong.") from None
    if token is not None and name.lower() != user.username.lower():
        raise UnknownCallerError("The user name, the password or the API token is wrong.")
    return user, token


def _bearer(text: str) -> User:
    if not text.startswith(PREFIX):
        return user_of(text)
    token = find_token(text)
    if token is None:
        raise UnknownCallerError("The API token is unknown, revoked or expired.")
    note_use(token)
    token.user.scopes = frozenset(token.scopes)
    return token.user


def _refuse_other_sites(request: HttpRequest) -> None:
    """Refuse what a page of another site asks for with a password that the browser adds by itself.

    Reading is permitted: the page cannot see the answer, and people follow links.
    """
    if request.method not in _READING and sender_of(request) is Sender.ELSEWHERE:
        raise ForbiddenError(
            "A page of another site sent this request with your password. Send it from this site or by a "
            "program, or with a token as Bearer."
        )


def _basic(text: str, address: str) -> User:
    try:
        name, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise UnknownCallerError("The Authorization header cannot be read.") from None
    if not colon:
        raise UnknownCallerError("The Authorization header cannot be read.")
    return login(name, password, address)[0]


def challenges(request: HttpRequest) -> str:
    """Return the value of ``WWW-Authenticate``, which tells clients how to log in."""
    address = base_of(request).of("vo:login")
    return (
        f'ivoa_bearer standard_id="ivo://ivoa.net/sso#tls-with-password", access_url="{address}", '
        'Basic realm="crds"'
    )
