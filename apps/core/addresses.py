"""Addresses of pages of a server that may run below a path, such as ``PUBLIC_URL=https://host/cal``.

``reverse`` gives the addresses for links on our pages, which begin with the path. Programs and mails get the
two other forms.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import URLPattern, get_script_prefix, re_path
from django.utils.http import url_has_allowed_host_and_scheme


def below_base(path: str) -> str:
    """Return the part after the base address of the server, from a path that ``reverse`` gave.

    The client appends it to the base address that it knows (wire protocol, section 6.5).
    """
    return "/" + path.removeprefix(get_script_prefix())


def absolute(path: str) -> str:
    """Return the full address for mails and programs, from a path that ``reverse`` gave in any thread."""
    return f"{settings.PUBLIC_URL}{below_base(path)}"


def is_local(path: str) -> bool:
    """Return whether an address from outside is a page of this server, so that browsers may be sent there."""
    return url_has_allowed_host_and_scheme(path, allowed_hosts=None) and path.startswith(get_script_prefix())


def both_spellings(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    """Return the patterns of an address with and without a slash at its end; links get the slash."""
    return [
        re_path(rf"^{route}\Z", view, name=name),
        re_path(rf"^{route}/\Z", view, name=name),
    ]
