"""Pages that several views and the middleware answer with."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from apps.accounts.forms import LoginForm
from apps.core.forms import messages_of


def login_page(
    request: HttpRequest, *, form: LoginForm | None = None, error: str = "", status: int = 200
) -> HttpResponse:
    """Return the login page, with what was typed but never the password."""
    get_token(request)  # Clients read the cookie from this very answer, whether or not they have it.
    page = {
        "form": form or LoginForm(initial={"next": request.GET.get("next", "/")}),
        "error": error or "; ".join(messages_of(form) if form else ()),
        "sso": settings.OIDC_PROVIDER_NAME if settings.OIDC_ISSUER else "",
    }
    return render(request, "accounts/login.html", {"page": page}, status=status)


def denied_page(request: HttpRequest, reason: str) -> HttpResponse:
    """Return the page that says which role is missing, or what else stands in the way."""
    return render(request, "accounts/denied.html", {"reason": reason}, status=403)
