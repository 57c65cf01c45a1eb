"""Pages of a person's own API tokens."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import operations, queries
from apps.accounts.forms import TokenForm
from apps.accounts.models import User
from apps.core.access import Role, with_role
from apps.core.errors import DeniedError
from apps.core.forms import messages_of
from apps.rules.errors import CrdsError


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
@with_role(Role.SUBMITTER)
def tokens(request: HttpRequest, *, actor: User) -> HttpResponse:
    _require_no_token(actor)
    if request.method != "POST":
        return _page(request, actor, TokenForm(user=actor, initial=_initial(actor)))
    form = TokenForm(request.POST, user=actor)
    if not form.is_valid():
        return _page(request, actor, form)
    try:
        _, text = operations.create_token(actor, **form.cleaned_data)
    except CrdsError as exc:
        form.add_error(None, str(exc))
        return _page(request, actor, form)
    # The text is shown only in this answer. It is stored nowhere, not even for a redirect.
    return _page(request, actor, TokenForm(user=actor, initial=_initial(actor)), new=text)


def _require_no_token(actor: User) -> None:
    """Refuse somebody who logged in with a token: a stolen token must not list or make others."""
    if actor.scopes is not None:
        raise DeniedError(
            "Tokens are managed after a login with password or by single sign-on, not with a token."
        )


def _initial(user: User) -> dict[str, object]:
    return {"days": settings.TOKEN_DAYS, "scopes": [role for role in Role.values if user.has_role(role)]}


def _page(request: HttpRequest, user: User, form: TokenForm, *, new: str = "") -> HttpResponse:
    error = "; ".join(messages_of(form))
    page = {"form": form, "tokens": queries.tokens_of(user), "new": new, "error": error}
    return render(request, "accounts/tokens.html", {"page": page})


@require_POST
@never_cache
@with_role(Role.SUBMITTER)
def revoke(request: HttpRequest, pk: int, *, actor: User) -> HttpResponse:
    _require_no_token(actor)
    token = queries.tokens_of(actor).filter(pk=pk).first()
    if token is None:
        raise Http404("You have no such token.")
    operations.revoke_token(token, by=actor)
    return redirect("accounts:tokens")
