"""Views that send people to the provider of single sign-on, and receive them from it."""

import logging
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from apps.accounts import pending_logins
from apps.accounts.forms import local_address
from apps.accounts.refusal_pages import login_page
from apps.accounts.single_sign_on import setting
from apps.accounts.views import finish
from apps.locks.queries import NONE
from apps.rules.errors import CrdsError

logger = logging.getLogger(__name__)

_STATES = "oidc_states"  # Place in the session where the library keeps pending logins.
# Errors of the library if the provider is down, misconfigured or forged.
_FAILURES = (SuspiciousOperation, requests.RequestException, jwt.PyJWTError, KeyError, ValueError, TypeError)


class _Start(OIDCAuthenticationRequestView):
    get_settings = staticmethod(setting)


class _Callback(OIDCAuthenticationCallbackView):
    get_settings = staticmethod(setting)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Finish the login of one tab once. A second return changes nothing for somebody who is logged in."""
        states = request.session.get(_STATES, {})
        if "error" in request.GET:
            # The library would end the session, even after a made-up return.
            request.session[_STATES] = {key: kept for key, kept in states.items() if key != _state(request)}
            return self.login_failure()
        if request.user.is_authenticated and _state(request) not in states:
            return _redirect_to_next(request)
        response: HttpResponse = super().get(request)
        return response

    def login_success(self) -> HttpResponse:
        pending = pending_logins.find(self.request.session, _state(self.request))
        # This tab asked for no lock, but another tab may have taken one since.
        if pending["instrument"] == NONE and self.request.user == self.user:
            return _redirect_to_next(self.request)
        return finish(self.request, self.user, pending)

    def login_failure(self) -> HttpResponse:
        error = _not_verified(self.request.GET.get("error", ""))
        return login_page(
            self.request, pending=pending_logins.find(self.request.session, _state(self.request)), error=error
        )


@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """Send the person to the provider."""
    _require_configured()
    pending = pending_logins.find(request.session, request.GET.get("login", ""))
    try:
        response: HttpResponseRedirect = _Start.as_view()(request)
    except _FAILURES as exc:
        logger.warning("single sign-on cannot start: %s", exc)
        error = "The single sign-on provider does not answer. Try again later."
        return login_page(request, pending=pending, error=error)
    [state] = parse_qs(urlsplit(response.url).query)["state"]
    pending_logins.keep(request.session, state, pending)
    return response


@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """Receive the person from the provider, and finish the login."""
    _require_configured()
    try:
        response: HttpResponse = _Callback.as_view()(request)
    except CrdsError as exc:
        return login_page(
            request, pending=pending_logins.find(request.session, _state(request)), error=str(exc)
        )
    except _FAILURES as exc:
        logger.warning("single sign-on failed: %s: %s", type(exc).__name__, exc)
        pending = pending_logins.find(request.session, _state(request))
        return login_page(request, pending=pending, error=_not_verified())
    return response


def _state(request: HttpRequest) -> str:
    """Return the state, which identifies a pending login."""
    return request.GET.get("state", "")


def _redirect_to_next(request: HttpRequest) -> HttpResponse:
    """Redirect to the page that this tab wanted. The session and its lock stay."""
    return redirect(local_address(request, pending_logins.find(request.session, _state(request))["next"]))


def _require_configured() -> None:
    if not settings.OIDC_ISSUER:
        raise Http404("Single sign-on is not set up on this server.")


def _not_verified(code: str = "") -> str:
    answer = " The provider said: access denied." if code == "access_denied" else ""
    return f"Your identity could not be verified by single sign-on.{answer} Try again."
