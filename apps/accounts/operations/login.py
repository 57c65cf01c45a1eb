"""Login with the lock of the chosen instrument, and logout."""

import logging

from django.contrib import auth
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts import throttle
from apps.accounts.errors import LoginError
from apps.accounts.models import Token, User
from apps.accounts.operations.tokens import note_use
from apps.accounts.queries import PREFIX, find_token, find_user
from apps.core.addresses import absolute
from apps.core.errors import DeniedError
from apps.locks import operations as locks
from apps.locks import sessions
from apps.locks.models import Lock
from apps.locks.queries import NONE, find_lock, require_instrument

logger = logging.getLogger(__name__)

BACKEND = "apps.accounts.backends.AccountBackend"
SESSION_TOKEN = "token_id"  # noqa: S105 - A place in the session.

_NOT_VERIFIED = "Your identity could not be verified: the user name, password or API token is wrong."


def identify(
    *, name: str, password: str, cookie: str, address: str, device: str = ""
) -> tuple[User, Token | None]:
    """Return the account of a password or token, and the token if it is one.

    Parameters
    ----------
    name
        Required with a local password. It does not count with a token, because a client without a configured
        name sends the account name of its own machine.
    password
        Local password or token.
    cookie
        Token; it counts only without a password.
    address
        Address of the caller.
    device
        Id of the caller's browser if it is a known device of the person with this name.

    Raises
    ------
    LoginError
        Raised if the password or token is wrong, or if too many attempts failed.
    """
    text = password or cookie
    if token := find_token(text):
        note_use(token)
        token.user.scopes = frozenset(token.scopes)
        return token.user, token
    if not password or password.startswith(PREFIX):
        logger.warning("login from %s refused: no such token", address)
        page = absolute(reverse("accounts:tokens"))
        raise LoginError(f"{_NOT_VERIFIED} Tokens expire; make a new one at {page}.")
    return _with_password(name, password, address, device), None


def _with_password(name: str, password: str, address: str, device: str) -> User:
    attempt = throttle.note(name, address, device=device)
    user = find_user(name)
    if user is None:
        # As slow as a wrong password, so that the time does not reveal which names exist.
        make_password(password)
    elif user.check_password(password) and user.is_active:
        throttle.forget(attempt)
        return user
    logger.warning("login from %s refused: wrong name or password", address)
    raise LoginError(_NOT_VERIFIED)


def log_in(request: HttpRequest, user: User, *, instrument: str, token: Token | None = None) -> Lock | None:
    """Begin a session and take the lock of an instrument; do both or neither.

    Parameters
    ----------
    instrument
        Instrument to lock, or ``none``. With ``none`` this session releases a lock that it holds.
    token
        Token with which the person logged in. The session ends with the token and has only its scopes.

    Returns
    -------
    lock
        The lock; None if `instrument` is ``none``.

    Raises
    ------
    NoSuchInstrumentError
        Raised if the observatory has no such instrument.
    DeniedError
        Raised if the person may not deliver for the instrument.
    LockedError
        Raised if somebody else holds the lock.
    """
    with transaction.atomic():
        lock = _lock(request, user, instrument)
        _release_lock_of_another(request, user)
        auth.login(request, user, backend=BACKEND)
        request.session.cycle_key()  # Even if the same person was logged in before.
        request.session.pop(SESSION_TOKEN, None)
        if token is not None:
            request.session[SESSION_TOKEN] = token.pk
        sessions.keep(request, lock)
        request.session.save()
    logger.info("login of %s, instrument %s", user, instrument)
    return lock


def _lock(request: HttpRequest, user: User, instrument: str) -> Lock | None:
    key = sessions.key_of(request)
    if instrument == NONE:
        held = find_lock(user=user.username)
        if held and str(held.key) == key:
            locks.release(held)
        return None
    name = require_instrument(instrument)
    if not user.may_lock(name):
        raise DeniedError(f"{user} does not have the role submitter for {name}. Log in with instrument none.")
    return locks.acquire(instrument=name, user=user.username, key=key)


def _release_lock_of_another(request: HttpRequest, user: User) -> None:
    """Release the lock that another person took in this session."""
    before = request.user
    if before.is_authenticated and before.pk != user.pk:
        held = find_lock(user=before.get_username())
        if held and str(held.key) == sessions.key_of(request):
            locks.release(held)


def log_out(request: HttpRequest) -> None:
    """End the session, and release any lock that the person holds.

    The lock may belong to any session of the person: the client frees a stale lock by a new login without
    instrument and a logout.
    """
    if request.user.is_authenticated:
        locks.release_user(request.user.get_username())
        logger.info("logout of %s", request.user)
    auth.logout(request)
