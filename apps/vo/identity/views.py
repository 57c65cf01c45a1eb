"""The two addresses that give tokens: one as JSON, one in headers."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import JsonResponse
from django.http.response import HttpResponseBase

from apps.accounts.throttle import address_of
from apps.vo.answers import error_as_json, text
from apps.vo.errors import UsageError
from apps.vo.identity.authentication import login
from apps.vo.identity.tokens import SCOPE, make_token
from apps.vo.parameters import Parameters
from apps.vo.service import Call, service

logger = logging.getLogger(__name__)


@service("GET", "POST", errors="json")
def token(call: Call) -> HttpResponseBase:
    """Return a token for a name and a password (OAuth 2, password grant)."""
    sent = call.parameters
    if call.method == "GET" and not settings.VO_TOKEN_BY_GET:
        raise UsageError("Send the password by POST; GET is switched off here.")
    if sent.one("GRANT_TYPE") != "password":
        return error_as_json(UsageError("grant_type must be password."), "unsupported_grant_type")
    user, api_token = login(sent.one("USERNAME"), sent.one("PASSWORD"), address_of(call.request))
    made = make_token(user, api_token)
    logger.info("a token was made for %s", user)
    body = {
        "access_token": made,
        "id_token": made,
        "token_type": "bearer",
        "expires_in": settings.VO_TOKEN_SECONDS,
        "scope": SCOPE,
    }
    return JsonResponse(body, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


@service("POST", errors="text")
def login_with_headers(call: Call) -> HttpResponseBase:
    """Return a token in a header (SSO 2)."""
    sent: Parameters = call.parameters
    user, api_token = login(sent.one("USERNAME"), sent.one("PASSWORD"), address_of(call.request))
    headers = {"X-VO-Bearer": make_token(user, api_token), "X-VO-Authenticated": user.username}
    return text("", headers=headers)
