"""Login, logout, and the pages of refusals."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.accounts import operations, pending_logins
from apps.accounts.forms import LoginForm, local_address
from apps.accounts.known_devices import device_of, remember
from apps.accounts.middleware import COOKIE
from apps.accounts.models import Token, User
from apps.accounts.queries import find_user
from apps.accounts.refusal_pages import denied_page, login_page
from apps.accounts.throttle import address_of
from apps.core.marks import allowed_in_maintenance
from apps.core.same_origin import own_pages_only
from apps.rules.errors import CrdsError


@allowed_in_maintenance
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password")
def log_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return login_page(request)
    form = LoginForm(request.POST)
    if not form.is_valid():
        return login_page(request, form=form)
    try:
        return _enter(request, form)
    except CrdsError as exc:
        form.add_error(None, str(exc))
        return login_page(request, form=form)


def _enter(request: HttpRequest, form: LoginForm) -> HttpResponse:
    pending = {name: form.cleaned_data[name] for name in ("instrument", "next")}
    password, cookie = form.cleaned_data["password"], request.COOKIES.get(COOKIE, "")
    if not (password or cookie or form.cleaned_data["username"]):
        if request.user.is_authenticated:
            return finish(request, request.user, pending)
        if settings.OIDC_ISSUER:
            key = get_random_string(32)
            pending_logins.keep(request.session, key, pending)
            return redirect(f"{reverse('accounts:sso')}?{urlencode({'login': key})}")
    name = form.cleaned_data["username"]
    device = device_of(request, find_user(name)) if password else ""
    user, token = operations.identify(
        name=name, password=password, cookie=cookie, address=address_of(request), device=device
    )
    answer = finish(request, user, pending, token=token)
    if token is None:
        remember(request, answer, user)
    return answer


def finish(
    request: HttpRequest, user: User, pending: dict[str, str], *, token: Token | None = None
) -> HttpResponse:
    """Begin the session with the wanted lock, and redirect to the wanted page."""
    operations.log_in(request, user, instrument=pending["instrument"], token=token)
    return redirect(local_address(request, pending["next"]))


def _ask_to_log_out(request: HttpRequest) -> HttpResponse:
    """Ask the person to confirm, because the request may come from a page of another site."""
    if not request.user.is_authenticated:
        return redirect("web:home")
    return render(request, "accounts/logout.html", status=403)


@allowed_in_maintenance
@require_http_methods(["GET", "POST"])
@never_cache
@own_pages_only(instead=_ask_to_log_out)
def log_out(request: HttpRequest) -> HttpResponse:
    operations.log_out(request)
    return redirect("web:home")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return denied_page(request, "You may not see this page.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return denied_page(
        request,
        "The form was not sent from a page of this site, or it was too old. Reload it and send it again; "
        "your browser must accept cookies.",
    )
