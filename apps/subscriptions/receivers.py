"""Requests to the receivers of messages, at public addresses only.

Whoever may name an address here could otherwise have this server call services inside its own network. The
name is resolved once, each address found is checked, and the connection goes to a checked address. Redirects
are not followed. The setting ``WEB_HOOK_HOSTS`` names receivers inside the network that operators trust.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from apps.subscriptions.errors import BadHookAddressError

SECONDS = 10  # for the connection, and for each wait on the receiver
MOST_SECONDS = 30  # for connection and answer together: a slow receiver must not hold the worker
MOST_ADDRESSES = 4  # of one host that are tried
LONGEST = 500  # characters of an address
# Networks whose addresses stand for an IPv4 address behind a translator.
_TRANSLATED = IPv6Network("64:ff9b::/96")
_OWN_PORTS = {
    80,
    443,
}  # Of the ports below 1024 only those of web servers; the others belong to other protocols.


@dataclass(frozen=True, slots=True)
class Receiver:
    """The parts of an address that was checked, but not resolved yet."""

    is_secure: bool
    host: str
    port: int
    path: str

    @property
    def is_trusted(self) -> bool:
        """True if operators trust it, so that it may be inside the network and without TLS."""
        return self.host in settings.WEB_HOOK_HOSTS


def require_receiver(address: str) -> Receiver:
    """Return the parts of an address to which messages may be sent.

    Raises
    ------
    BadHookAddressError
        Raised if it is not a plain https address. A name is not resolved here.
    """
    parts, port = _split(address)
    if parts.username is not None or parts.password is not None:
        raise BadHookAddressError("The address has a user name. Receivers check the signature instead.")
    receiver = Receiver(
        is_secure=parts.scheme == "https",
        host=_host(parts.hostname or ""),
        port=port or (443 if parts.scheme == "https" else 80),
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
    if receiver.is_trusted:
        return receiver
    if not receiver.is_secure:
        raise BadHookAddressError("The address must begin with https://, so that nobody else reads messages.")
    if receiver.port < 1024 and receiver.port not in _OWN_PORTS:
        raise BadHookAddressError(f"Port {receiver.port} is not a port of web servers; 443 is the usual one.")
    with suppress(ValueError):
        _require_public(ip_address(receiver.host), receiver.host)
    return receiver


def _split(address: str) -> tuple[SplitResult, int | None]:
    if len(address) > LONGEST or not address.isascii() or not address.isprintable() or " " in address:
        raise BadHookAddressError(
            f"An address has at most {LONGEST} visible ASCII characters and no spaces, such as "
            "https://example.org/crds."
        )
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as exc:
        raise BadHookAddressError(f"The address cannot be read: {exc}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadHookAddressError("The address must be complete, such as https://example.org/crds.")
    return parts, port


def _host(name: str) -> str:
    host = name.lower().rstrip(".")
    if not host or "%" in host:
        raise BadHookAddressError("The address has no usable host name.")
    return host


def post(receiver: Receiver, body: bytes, headers: Mapping[str, str]) -> int:
    """Send a body, and return the status of the answer. The answer itself is not read.

    Raises
    ------
    BadHookAddressError
        Raised if the host has an address that is not public.
    OSError, http.client.HTTPException
        Raised if there is no connection, or no answer in time.
    """
    end = time.monotonic() + MOST_SECONDS
    connection = http.client.HTTPConnection(receiver.host, receiver.port, timeout=SECONDS)
    connection.default_port = 443 if receiver.is_secure else 80  # The Host header leaves it out.
    # With a socket of its own the connection resolves nothing, and so cannot come to another address.
    connection.sock = opened = _open(receiver, end)
    limit = threading.Timer(max(0.1, end - time.monotonic()), _end, [opened])
    limit.start()
    try:
        connection.request("POST", receiver.path, body, dict(headers))
        return connection.getresponse().status
    finally:
        limit.cancel()
        connection.close()


def _end(opened: socket.socket) -> None:
    """End a connection from another thread; its reader then finds that it has ended."""
    with suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)


def _open(receiver: Receiver, end: float) -> socket.socket:
    plain = _connect(receiver, end)
    if not receiver.is_secure:
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=receiver.host)
    except BaseException:
        plain.close()
        raise


def _connect(receiver: Receiver, end: float) -> socket.socket:
    """Connect to the first address that answers before `end`, after all of them were checked."""
    found = socket.getaddrinfo(receiver.host, receiver.port, type=socket.SOCK_STREAM)
    if not receiver.is_trusted:
        for *_, place in found:
            _require_public(ip_address(str(place[0]).partition("%")[0]), receiver.host)
    problem = OSError(f"{receiver.host} has no address")
    for family, kind, protocol, _, place in found[:MOST_ADDRESSES]:
        if (left := end - time.monotonic()) <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(min(SECONDS, left))
        try:
            connection.connect(place)
        except OSError as exc:
            connection.close()
            problem = exc
        else:
            connection.settimeout(SECONDS)
            return connection
    raise problem


def _require_public(address: IPv4Address | IPv6Address, host: str) -> None:
    if not is_public(address):
        raise BadHookAddressError(
            f"{host} is not a public address. An operator may name it in the setting WEB_HOOK_HOSTS."
        )


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address belongs to a machine on the internet.

    Examples
    --------
    >>> [is_public(ip_address(text)) for text in ("93.184.215.14", "127.0.0.1", "::ffff:10.0.0.1")]
    [True, False, False]
    """
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved
