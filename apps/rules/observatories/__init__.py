"""Definitions of the observatories. Only this package knows observatories by name."""

from __future__ import annotations

import importlib
from functools import cache

from apps.rules.errors import UnknownObservatoryError
from apps.rules.observatories.dataset_ids import DatasetIds, shipped_dataset_ids
from apps.rules.observatories.definition import Definition, TakenNames
from apps.rules.observatories.observatory import Exemption, Hook, Observatory

__all__ = [
    "SHIPPED",
    "Exemption",
    "Hook",
    "Observatory",
    "dataset_ids",
    "find_definition",
    "forget",
    "get_observatory",
    "known_names",
    "serve",
    "taken_names",
]

# The observatories that the client knows by itself.
SHIPPED = ("hst", "jwst", "roman", "tobs")

# Definitions by name, besides the observatories that come with us. A process fills it once, at its start.
_served: dict[str, Definition] = {}


def serve(definition: Definition) -> None:
    """Make an observatory of a definition known to this process.

    The definition of an observatory that is known already takes the place of the earlier one.
    """
    _served[definition.name] = definition
    _defined.cache_clear()


def forget(name: str) -> None:
    """Forget the definition of an observatory, if this process knows it."""
    _served.pop(name, None)
    _defined.cache_clear()


def find_definition(name: str) -> Definition | None:
    """Return the definition of an observatory, or None if it comes with the server."""
    return _served.get(name.lower())


def known_names() -> tuple[str, ...]:
    """Return the names of all observatories that this process knows."""
    return (*SHIPPED, *_served)


@cache
def _load(name: str) -> Observatory:
    module = importlib.import_module(f"{__name__}.{name}")
    observatory: Observatory = module.OBSERVATORY
    return observatory


@cache
def _defined(name: str) -> tuple[Observatory, DatasetIds]:
    from apps.rules.observatories.definition_engine import ids_of, observatory_of

    return observatory_of(_served[name]), ids_of(_served[name])


@cache
def taken_names() -> TakenNames:
    """Return the names that the client knows by itself, so that no other observatory can have them."""
    return TakenNames(SHIPPED, {name: own for own in SHIPPED for name in _load(own).instruments})


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
    if name.lower() in _served:
        return _defined(name.lower())[0]
    if name.lower() not in SHIPPED:
        raise UnknownObservatoryError(f"Unknown observatory {name!r}; known are {', '.join(known_names())}.")
    return _load(name.lower())


def dataset_ids(name: str) -> DatasetIds:
    """Return the id grammar of an observatory that is known."""
    return _defined(name)[1] if name in _served else shipped_dataset_ids(name)
