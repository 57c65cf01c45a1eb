"""The address of a caller, whom a proxy may stand in front of."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

LONGEST = 64  # characters of an address
# Headers by which proxies tell that they stand between us and the caller.
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")


def caller_address(headers: Mapping[str, str] | Any, remote: str) -> str:
    """Return the address of a caller; a trusted proxy gives it in `CLIENT_ADDRESS_HEADER`.

    Parameters
    ----------
    headers
        The headers of the request.
    remote
        The address at the other end of the connection.
    """
    if name := settings.CLIENT_ADDRESS_HEADER:
        # The proxy wrote the last entry. The caller can make up those before it.
        return str(headers.get(name, "")).split(",")[-1].strip()[:LONGEST]
    return remote[:LONGEST]


def is_behind_unknown_proxy(headers: Mapping[str, str] | Any) -> bool:
    """Return whether a proxy forwarded a request without a setting that says how it names the caller."""
    return not settings.CLIENT_ADDRESS_HEADER and any(headers.get(name) for name in _FORWARDED)
