"""The addresses of login, logout, single sign-on and tokens, with and without a slash at their end."""

from django.urls import path

from apps.accounts import sso_views, token_views, views

app_name = "accounts"

urlpatterns = [
    path("login/", views.log_in, name="login"),
    path("login", views.log_in),
    path("logout/", views.log_out, name="logout"),
    path("logout", views.log_out),
    path("oidc/authenticate/", sso_views.start, name="sso"),
    path("oidc/callback/", sso_views.callback, name="callback"),
    path("accounts/tokens/", token_views.tokens, name="tokens"),
    path("accounts/tokens", token_views.tokens),
    path("accounts/tokens/<int:pk>/revoke/", token_views.revoke, name="revoke_token"),
]
