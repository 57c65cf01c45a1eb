"""Access to pages: the check of roles that views of every layer share.

Apps below `accounts` can use it, because the account itself answers the question (`has_role`).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from apps.core.errors import DeniedError
from apps.core.refusals import Form


class Role(TextChoices):
    """The roles of accounts, which are also the scopes of tokens."""

    SUBMITTER = "submitter"
    OPERATOR = "operator"
    ADMIN = "admin"


class Actor(Protocol):
    """The part of an account that lower layers need; `accounts.models.User` has it."""

    def get_username(self) -> str: ...
    def has_role(self, role: str, instrument: str = "") -> bool: ...
    def may_lock(self, instrument: str) -> bool: ...


class NotLoggedInError(DeniedError):
    """Nobody is logged in. Pages redirect to the login, and programs get 401."""

    code = "not_logged_in"


View = Callable[..., HttpResponseBase]


def login_address(*, next: str, instrument: str = "") -> str:
    """Return the address of a login that continues to `next` and proposes to lock `instrument`."""
    query = {"next": next} | ({"instrument": instrument} if instrument else {})
    return f"{reverse('accounts:login')}?{urlencode(query)}"


def find_actor(request: HttpRequest) -> Any:
    """Return the account behind a request, an `Actor`; None if nobody is logged in.

    Apps that know the model of accounts annotate the result with it.
    """
    account = request.user
    return account if account.is_authenticated else None


def require_role(actor: Actor, role: Role, *, instrument: str = "") -> None:
    """Refuse an account that may not act in a role.

    Parameters
    ----------
    instrument
        The role must be granted for this one; empty: for any.

    Raises
    ------
    DeniedError
        Raised if the account lacks the role; the message names it.
    """
    if not actor.has_role(role, instrument):
        where = f" for {instrument}" if instrument else ""
        raise DeniedError(f"This needs the role {role}{where}, which {actor.get_username()} does not have.")


def with_account(view: View) -> View:
    """Pass the account to a view as `actor`, whatever its roles; without a login raise `NotLoggedInError`."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        actor = find_actor(request)
        if actor is None:
            raise NotLoggedInError("Log in first.")
        return view(request, *args, actor=actor, **kwargs)

    return checked


def with_role(role: Role, *, is_api: bool = False) -> Callable[[View], View]:
    """Refuse requests to a view from accounts without a role, and pass the account to it as `actor`.

    Without a login the error is `NotLoggedInError`, and without the role `DeniedError`.

    Parameters
    ----------
    is_api
        The caller is a program that parses the answer: send it 401 or 403 with a line of JSON, and never
        redirect it.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if is_api:
                request.answer_form = Form.JSON  # type: ignore[attr-defined]
            actor = find_actor(request)
            if actor is None:
                raise NotLoggedInError("Log in first.")
            require_role(actor, role)
            return view(request, *args, actor=actor, **kwargs)

        checked.is_api = is_api  # type: ignore[attr-defined]  # A mark, for refusals before the view runs.
        return checked

    return decorate
