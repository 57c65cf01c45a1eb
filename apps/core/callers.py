"""The address of a caller, whom a proxy may stand in front of."""

from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address
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
    name = settings.CLIENT_ADDRESS_HEADER
    if name and headers.get(name) is not None:
        # The proxy wrote the last entry. The caller can make up those before it.
        return str(headers.get(name)).split(",")[-1].strip()[:LONGEST]
    return remote[:LONGEST]  # Nobody stands between us: the proxy always sends the header.


def place_of(address: str) -> str:
    """Return what counts as one place: an IPv4 address, or the network of an IPv6 address.

    One connection to the internet gets a whole network of 64 bits, so whoever is counted by address has as
    many counts as he likes.

    Examples
    --------
    >>> place_of("2001:db8:1:2:3::4"), place_of("::ffff:192.0.2.1"), place_of("192.0.2.1"), place_of("x")
    ('2001:db8:1:2::/64', '192.0.2.1', '192.0.2.1', 'x')
    """
    try:
        found = ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))


def is_behind_unknown_proxy(headers: Mapping[str, str] | Any) -> bool:
    """Return whether a proxy forwarded a request and did not name the caller in the header of the setting."""
    name = settings.CLIENT_ADDRESS_HEADER
    is_named = bool(name) and headers.get(name) is not None
    return not is_named and any(headers.get(other) for other in _FORWARDED)
