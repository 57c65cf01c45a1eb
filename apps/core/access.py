"""Who may see a page: the check that views of every layer share.

The account itself knows what it may do (`has_role`), so that apps below `accounts` can ask.
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
    """What an account may do; a scope of a token is one of these, too."""

    SUBMITTER = "submitter"
    OPERATOR = "operator"
    ADMIN = "admin"


class Actor(Protocol):
    """The account behind a request, as far as lower layers need to know it; `accounts.models.User` is one."""

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


def find_actor(request: HttpRequest) -> Any:
    """Return the account behind a request, an `Actor`; None if nobody is logged in.

    Apps that know the model of accounts say so in the annotation of what they make of it.
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


def with_role(role: Role, *, is_api: bool = False) -> Callable[[View], View]:
    """Let only accounts with a role reach a view, and hand it the account as `actor`.

    Whoever is not logged in is refused by `NotLoggedInError`, whoever lacks the role by `DeniedError`.

    Parameters
    ----------
    is_api
        The caller is a program that parses the answer: tell it 401 or 403 in a line of JSON, and never
        redirect.
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
