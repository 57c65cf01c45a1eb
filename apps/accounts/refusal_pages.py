"""The login page and the page of refusals, for several views and the middleware."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from apps.accounts.forms import LoginForm, local_address
from apps.accounts.pending_logins import PendingLogin
from apps.core.forms import messages_of
from apps.core.refusals import refuse
from apps.locks.queries import NONE, instruments


def login_page(
    request: HttpRequest,
    *,
    form: LoginForm | None = None,
    pending: PendingLogin | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the login page with the typed values, but never with the password.

    A link to the page may name the address that follows (``next``) and the instrument to propose
    (``instrument``). After a failed login `pending` has both.
    """
    get_token(request)  # Clients read the cookie from this answer, even if they already have it.
    page = {
        "form": form or LoginForm(initial=pending or _proposed(request)),
        "error": error or "; ".join(messages_of(form) if form else ()),
        "sso": settings.OIDC_PROVIDER_NAME if settings.OIDC_ISSUER else "",
    }
    return render(request, "accounts/login.html", {"page": page}, status=status)


def _proposed(request: HttpRequest) -> PendingLogin:
    """Return the instrument and next page in the link to the login page, as far as this site has them.

    After a refused form, the login leads back to the page of the form.
    """
    wanted = request.GET.get("next") or (
        request.headers.get("Referer", "") if request.method == "POST" else ""
    )
    instrument = request.GET.get("instrument", "").lower()
    return {
        "next": local_address(request, wanted),
        "instrument": instrument if instrument in instruments() else NONE,
    }


def denied_page(request: HttpRequest, reason: str) -> HttpResponse:
    """Return a page, or text for programs, with the reason why something is not allowed."""
    return refuse(
        request,
        reason,
        status=403,
        page=lambda: render(request, "accounts/denied.html", {"reason": reason}, status=403),
    )
