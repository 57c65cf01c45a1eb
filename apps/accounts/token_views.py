"""A person's own API tokens."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import operations, queries
from apps.accounts.forms import TokenForm
from apps.accounts.models import Role, User
from apps.core.access import require_role
from apps.core.errors import DeniedError
from apps.core.forms import messages_of
from apps.rules.errors import CrdsError


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
def tokens(request: HttpRequest) -> HttpResponse:
    user = _owner(request)
    if request.method != "POST":
        return _page(request, user, TokenForm(user=user, initial=_initial(user)))
    form = TokenForm(request.POST, user=user)
    if not form.is_valid():
        return _page(request, user, form)
    try:
        _, text = operations.create_token(user, **form.cleaned_data)
    except CrdsError as exc:
        form.add_error(None, str(exc))
        return _page(request, user, form)
    # Shown in this answer and never again: it is kept nowhere, not even for a redirect.
    return _page(request, user, TokenForm(user=user, initial=_initial(user)), new=text)


def _owner(request: HttpRequest) -> User:
    """Return the person, who must have come without a token: a stolen one must not list or make others."""
    require_role(request, Role.SUBMITTER)
    user = request.user
    if not isinstance(user, User) or user.scopes is not None:
        raise DeniedError(
            "Tokens are managed after a login with password or by single sign-on, not with a token."
        )
    return user


def _initial(user: User) -> dict[str, object]:
    return {"days": settings.TOKEN_DAYS, "scopes": [role for role in Role.values if user.has_role(role)]}


def _page(request: HttpRequest, user: User, form: TokenForm, *, new: str = "") -> HttpResponse:
    error = "; ".join(messages_of(form))
    page = {"form": form, "tokens": queries.tokens_of(user), "new": new, "error": error}
    return render(request, "accounts/tokens.html", {"page": page})


@require_POST
@never_cache
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    user = _owner(request)
    token = queries.tokens_of(user).filter(pk=pk).first()
    if token is None:
        raise Http404("You have no such token.")
    operations.revoke_token(token, by=user)
    return redirect("accounts:tokens")
