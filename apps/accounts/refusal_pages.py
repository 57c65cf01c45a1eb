"""Pages that several views and the middleware answer with."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from apps.accounts.forms import LoginForm, local_address
from apps.accounts.login_wishes import Wish
from apps.core.forms import messages_of
from apps.core.refusals import refuse
from apps.locks.queries import NONE, instruments


def login_page(
    request: HttpRequest,
    *,
    form: LoginForm | None = None,
    wish: Wish | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the login page, with what was typed but never the password.

    A link may say where to go afterwards (``next``) and which instrument to propose (``instrument``); `wish`
    says it of a login that failed.
    """
    get_token(request)  # Clients read the cookie from this very answer, whether or not they have it.
    page = {
        "form": form or LoginForm(initial=wish or _proposed(request)),
        "error": error or "; ".join(messages_of(form) if form else ()),
        "sso": settings.OIDC_PROVIDER_NAME if settings.OIDC_ISSUER else "",
    }
    return render(request, "accounts/login.html", {"page": page}, status=status)


def _proposed(request: HttpRequest) -> Wish:
    """Return what the link to the login page asks for, as far as it can be had here.

    A refused form leads back to the page that it was sent from.
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
    """Answer which role is missing, or why else something is not allowed."""
    return refuse(
        request,
        reason,
        status=403,
        page=lambda: render(request, "accounts/denied.html", {"reason": reason}, status=403),
    )
