"""To the provider of single sign-on, and back."""

import logging

import jwt
import requests
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from apps.accounts.refusal_pages import login_page
from apps.accounts.single_sign_on import setting
from apps.accounts.views import WISH, finish
from apps.locks.queries import NONE
from apps.rules.errors import CrdsError

logger = logging.getLogger(__name__)

# What a provider that is down, misconfigured or forged makes the library raise.
_FAILURES = (SuspiciousOperation, requests.RequestException, jwt.PyJWTError, KeyError, ValueError, TypeError)


class _Start(OIDCAuthenticationRequestView):
    get_settings = staticmethod(setting)


class _Callback(OIDCAuthenticationCallbackView):
    get_settings = staticmethod(setting)

    def login_success(self) -> HttpResponse:
        wish = self.request.session.pop(WISH, {"instrument": NONE, "next": "/"})
        return finish(self.request, self.user, wish)

    def login_failure(self) -> HttpResponse:
        return login_page(self.request, error=_not_verified(self.request.GET.get("error", "")))


@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """Send the person to the provider."""
    _require_configured()
    try:
        response: HttpResponse = _Start.as_view()(request)
    except _FAILURES as exc:
        logger.warning("single sign-on cannot start: %s", exc)
        return login_page(request, error="The single sign-on provider does not answer. Try again later.")
    return response


@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """Receive the person from the provider, and finish the login."""
    _require_configured()
    try:
        response: HttpResponse = _Callback.as_view()(request)
    except CrdsError as exc:
        return login_page(request, error=str(exc))
    except _FAILURES as exc:
        logger.warning("single sign-on failed: %s: %s", type(exc).__name__, exc)
        return login_page(request, error=_not_verified())
    return response


def _require_configured() -> None:
    if not settings.OIDC_ISSUER:
        raise Http404("Single sign-on is not set up on this server.")


def _not_verified(code: str = "") -> str:
    told = " The provider said: access denied." if code == "access_denied" else ""
    return f"Your identity could not be verified by single sign-on.{told} Try again."
