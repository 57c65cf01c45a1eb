"""Who may see a page: the check that views of every layer share.

What an account may do, the account itself knows (`has_role`), so that apps below `accounts` can ask.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from apps.core.errors import DeniedError
from apps.core.refusals import Form


class Actor(Protocol):
    """The account behind a request, as far as lower layers need to know it."""

    def get_username(self) -> str: ...
    def has_role(self, role: str, instrument: str = "") -> bool: ...


class NotLoggedInError(DeniedError):
    """Nobody is logged in: pages redirect to the login, programs get 401."""

    code = "not_logged_in"


View = Callable[..., HttpResponseBase]


def login_address(*, next: str, instrument: str = "") -> str:
    """Return the address of the login page, which leads to `next` and proposes to lock `instrument`."""
    wishes = {"next": next} | ({"instrument": instrument} if instrument else {})
    return f"{reverse('accounts:login')}?{urlencode(wishes)}"


def require_role(request: HttpRequest, role: str, *, instrument: str = "") -> Actor:
    """Return the account behind a request.

    Parameters
    ----------
    role
        ``submitter``, ``operator`` or ``admin``.
    instrument
        The role must be granted for this one; empty: for any.

    Raises
    ------
    NotLoggedInError
        Raised if nobody is logged in.
    DeniedError
        Raised if the account has not this role; the message names it.
    """
    account: Any = request.user
    if not account.is_authenticated:
        raise NotLoggedInError("Log in first.")
    if not account.has_role(role, instrument):
        where = f" for {instrument}" if instrument else ""
        raise DeniedError(f"This needs the role {role}{where}, which {account.get_username()} has not.")
    actor: Actor = account
    return actor


def role_required(role: str, *, is_api: bool = False) -> Callable[[View], View]:
    """Let only accounts with a role reach a view.

    Parameters
    ----------
    role
        ``submitter``, ``operator`` or ``admin``.
    is_api
        The caller is a program that parses the answer: tell it 401 or 403 in a line of JSON, and never
        redirect.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if is_api:
                request.answer_form = Form.JSON  # type: ignore[attr-defined]
            require_role(request, role)
            return view(request, *args, **kwargs)

        checked.is_api = is_api  # type: ignore[attr-defined]  # A mark, for refusals before the view runs.
        return checked

    return decorate
