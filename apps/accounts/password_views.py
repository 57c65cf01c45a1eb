"""The page where the owner of an account sets a password, by the link of a mail."""

from typing import Any

from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlsafe_base64_decode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.accounts.operations import change_password
from apps.core.forms import messages_of


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
def set_password(request: HttpRequest, name: str, token: str) -> HttpResponseBase:
    user = _owner(name, token)
    if user is None:
        raise Http404("This link was used already or is too old. Ask for a new one.")
    form: Any = SetPasswordForm(user, request.POST or None)
    page = {"owner": user, "form": form, "error": "; ".join(messages_of(form))}
    if request.method == "POST" and form.is_valid():
        change_password(user, form.cleaned_data["new_password1"], by=user.username)
        page["done"] = True
    answer = render(request, "accounts/set_password.html", {"page": page})
    # The address is a secret for other sites. Without any referrer the check of the form's origin would fail.
    answer["Referrer-Policy"] = "same-origin"
    return answer


def _owner(name: str, token: str) -> User | None:
    """Return the account of a link, or None if the link no longer works."""
    try:
        number = int(urlsafe_base64_decode(name))
    except ValueError:
        return None
    user = User.objects.filter(pk=number, is_active=True).first() if 0 < number < 2**63 else None
    return user if user is not None and default_token_generator.check_token(user, token) else None
