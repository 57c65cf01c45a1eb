"""The versions of the client that this package was tried with; it refuses others."""

from __future__ import annotations

import os
from importlib import metadata

from .names import DISTRIBUTION, OBSERVATORY, is_wanted

TRIED = ("12.1.11", "13.0.7", "13.2.7", "14.0.3")
ESCAPE = f"CRDS_{OBSERVATORY.upper()}_UNTRIED"


class UntriedClientError(ImportError):
    """The installed client is none of those that this package was tried with."""


def is_tried() -> bool:
    """Return whether this package may change the installed client."""
    return _installed() in TRIED or os.environ.get(ESCAPE) == "1"


def may_amend() -> bool:
    """Return whether to change the client, which is never done for an untried one.

    Raises
    ------
    UntriedClientError
        Raised if the client is untried and must work for this observatory. For other observatories an
        untried client stays as it is.
    """
    if is_wanted():
        require_tried()
    return is_tried()


def require_tried() -> None:
    """Refuse a client that this package was not tried with.

    Raises
    ------
    UntriedClientError
        Raised if the client is untried. The text says which versions would do.
    """
    if not is_tried():
        raise UntriedClientError(
            f"{DISTRIBUTION} {metadata.version(DISTRIBUTION)} was tried with crds {', '.join(TRIED)}, "
            f"and crds {_installed()} is installed. Install one of those versions, for example with "
            f"`pip install crds=={TRIED[-1]}`, or a newer {DISTRIBUTION}. "
            f"To try this combination at your own risk set {ESCAPE}=1."
        )


def _installed() -> str:
    try:
        return metadata.version("crds")
    except metadata.PackageNotFoundError:
        return "of unknown version"
