"""The addresses of login, logout, single sign-on and tokens, with and without a slash at their end."""

from importlib import import_module

from django.http import HttpRequest, HttpResponse
from django.urls import path

from apps.accounts import password_views, token_views, views
from apps.accounts.refusal_pages import login_page
from apps.core.marks import allowed_in_maintenance
from apps.core.same_origin import own_pages_only

app_name = "accounts"


@allowed_in_maintenance
def _sso(request: HttpRequest, *, view: str) -> HttpResponse:
    """Load single sign-on at its first use, because its libraries slow the start of a process by a fifth."""
    answer: HttpResponse = getattr(import_module("apps.accounts.single_sign_on_views"), view)(request)
    return answer


urlpatterns = [
    path("login/", views.log_in, name="login"),
    path("login", views.log_in),
    path("logout/", views.log_out, name="logout"),
    path("logout", views.log_out),
    # If the person is logged in at the provider, this begins a new session and releases the lock.
    path("oidc/authenticate/", own_pages_only(_sso, instead=login_page), {"view": "start"}, name="sso"),
    path("oidc/callback/", _sso, {"view": "callback"}, name="callback"),
    path("accounts/password/<str:name>/<str:token>/", password_views.set_password, name="set_password"),
    path("accounts/tokens/", token_views.tokens, name="tokens"),
    path("accounts/tokens", token_views.tokens),
    path("accounts/tokens/<int:pk>/revoke/", token_views.revoke, name="revoke_token"),
]
