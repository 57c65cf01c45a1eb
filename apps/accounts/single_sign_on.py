"""Single sign-on by OpenID Connect; off until `OIDC_ISSUER` names a provider.

mozilla-django-oidc implements the protocol (state, nonce, PKCE). This module adds discovery of the provider's
addresses and checks of audience, issuer and expiry of the id token. It matches people on ``sub``, never on an
address.
"""

from functools import lru_cache
from typing import Any

import jwt
import requests
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import SuspiciousOperation
from django.utils.crypto import constant_time_compare
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import import_from_settings

from apps.accounts.errors import NoAccountError
from apps.accounts.models import User
from apps.accounts.operations.people import bind_identity
from apps.accounts.queries import find_identity

LEEWAY = 30  # seconds that the clocks of two servers may differ
_DISCOVERED = {
    "OIDC_OP_AUTHORIZATION_ENDPOINT": "authorization_endpoint",
    "OIDC_OP_TOKEN_ENDPOINT": "token_endpoint",
    "OIDC_OP_USER_ENDPOINT": "userinfo_endpoint",
    "OIDC_OP_JWKS_ENDPOINT": "jwks_uri",
}


@lru_cache(maxsize=4)
def discover(issuer: str) -> dict[str, Any]:
    """Return the configuration document of a provider, fetched once in the life of a process.

    Raises
    ------
    requests.RequestException
        Raised if the provider does not answer.
    SuspiciousOperation
        Raised if the document names another issuer.
    """
    address = issuer.rstrip("/") + "/.well-known/openid-configuration"
    answer = requests.get(address, timeout=settings.OIDC_TIMEOUT)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    if document.get("issuer") != issuer:
        raise SuspiciousOperation(f"The document of {issuer} names the issuer {document.get('issuer')!r}.")
    return document


def setting(name: str, *default: Any) -> Any:
    """Return a setting of the library: addresses from discovery, anything else from our settings."""
    if name in _DISCOVERED:
        return discover(settings.OIDC_ISSUER)[_DISCOVERED[name]]
    return import_from_settings(name, *default)


class SingleSignOn(OIDCAuthenticationBackend):
    get_settings = staticmethod(setting)

    def __init__(self) -> None:
        # Django makes an instance for each login, also for a local one. Ask the provider only when somebody
        # returns from it.
        self.UserModel = get_user_model()

    def authenticate(self, request: Any, **kwargs: Any) -> User | None:
        """Return the account of somebody who returns from the provider."""
        if not settings.OIDC_ISSUER or "nonce" not in kwargs:
            return None
        super().__init__()
        user: User | None = super().authenticate(request, **kwargs)
        return user

    def verify_token(self, token: str, **kwargs: Any) -> dict[str, Any]:
        """Return the claims of an id token: signed by the provider, for us, for this login, and valid."""
        claims: dict[str, Any] = jwt.decode(
            token,
            self.retrieve_matching_jwk(token),
            algorithms=[settings.OIDC_RP_SIGN_ALGO],
            audience=settings.OIDC_RP_CLIENT_ID,
            issuer=settings.OIDC_ISSUER,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "aud", "iss", "sub"]},
        )
        if not constant_time_compare(str(claims.get("nonce", "")), str(kwargs.get("nonce", ""))):
            raise SuspiciousOperation("The id token belongs to another login.")
        if claims.get("azp", settings.OIDC_RP_CLIENT_ID) != settings.OIDC_RP_CLIENT_ID:
            raise SuspiciousOperation("The id token was made for another party.")
        return claims

    def get_userinfo(self, access_token: str, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return what the provider knows about the person in the id token."""
        answer = requests.get(
            self.OIDC_OP_USER_ENDPOINT,
            headers={"Authorization": f"Bearer {access_token}"},
            timeout=settings.OIDC_TIMEOUT,
        )
        answer.raise_for_status()
        claims: dict[str, Any] = answer.json()
        if claims.get("sub") != payload["sub"]:
            raise SuspiciousOperation("The provider answered about another person.")
        return claims

    def get_or_create_user(self, access_token: str, id_token: str, payload: dict[str, Any]) -> User:
        """Return the account of an identity. A login never makes an account.

        Raises
        ------
        NoAccountError
            Raised if there is no account, or it is closed. The message says how to ask for one.
        """
        subject = str(payload["sub"])
        user = find_identity(settings.OIDC_ISSUER, subject)
        claims = self.get_userinfo(access_token, id_token, payload) if user is None else {}
        email = str(claims.get("email", ""))
        if user is None and claims.get("email_verified") is True:
            user = bind_identity(email, issuer=settings.OIDC_ISSUER, subject=subject)
        if user is None or not user.is_active:
            raise NoAccountError(no_account(email or subject))
        return user


def no_account(who: str) -> str:
    """Return a message that says how a known person can ask for an account."""
    return (
        f"You are known as {who[:254]}, but have no CRDS account here. "
        f"Ask {settings.ACCOUNT_CONTACT} for one, and name your instrument."
    )
