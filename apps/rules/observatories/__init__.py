"""Definitions of the observatories. Only this package knows observatories by name."""

from __future__ import annotations

import importlib
from functools import cache

from apps.rules.errors import UnknownObservatoryError
from apps.rules.observatories.observatory import Exemption, Hook, Observatory

__all__ = ["NAMES", "Exemption", "Hook", "Observatory", "get_observatory"]

NAMES = ("hst", "jwst", "roman", "tobs")


@cache
def _load(name: str) -> Observatory:
    module = importlib.import_module(f"{__name__}.{name}")
    observatory: Observatory = module.OBSERVATORY
    return observatory


def get_observatory(name: str) -> Observatory:
    """Return the definition of the observatory `name`, in any case.

    Raises
    ------
    UnknownObservatoryError
        Raised if there is no such observatory; the message lists the known ones.

    Examples
    --------
    >>> get_observatory("hst").instrument_key
    'INSTRUME'
    """
    if name.lower() not in NAMES:
        raise UnknownObservatoryError(f"Unknown observatory {name!r}; known are {', '.join(NAMES)}.")
    return _load(name.lower())
