"""The addresses that answers contain: absolute, with the scheme, host and port that the client used.

Clients in Java do not resolve relative addresses. Clients in Python send no credentials to another host.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class ClientOrigin:
    """The origin of the server as the client knows it, such as ``https://host:8000``."""

    origin: str
    _known: dict[tuple[str, ...], str] = field(default_factory=dict, compare=False, repr=False)

    def of(self, view: str, *args: str) -> str:
        """Return the address of a view."""
        # A table of links needs the same few addresses thousands of times.
        known = self._known.get((view, *args))
        if known is None:
            known = self._known[view, *args] = self.origin + reverse(view, args=args)
        return known

    def links(self, identifier: str) -> str:
        """Return the address of the links of an identifier."""
        return f"{self.of('vo:links')}?ID={quote(identifier, safe=':')}"

    def data(self, identifier: str) -> str:
        """Return the address of the bytes behind an identifier."""
        return self.of("vo:data", "x")[:-1] + quote(identifier, safe=":")

    def folder(self, folder: str) -> str:
        """Return the address to which the name of a file of a folder is appended."""
        return self.of("distribution:folder", folder, settings.OBSERVATORY)

    def query(self, view: str, **parameters: str) -> str:
        """Return the address of a view with parameters."""
        return f"{self.of(view)}?{urlencode(parameters)}"


def base_of(request: HttpRequest) -> ClientOrigin:
    """Return the origin that a client used; Django has compared its host with `ALLOWED_HOSTS`."""
    return ClientOrigin(f"{request.scheme}://{request.get_host()}")
