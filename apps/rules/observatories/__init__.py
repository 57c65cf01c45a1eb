"""Definitions of the observatories. Only `missions` and `hooks` know observatories by name."""

from __future__ import annotations

from functools import cache

from apps.rules.errors import UnknownObservatoryError
from apps.rules.observatories import missions
from apps.rules.observatories.dataset_ids import DatasetIds
from apps.rules.observatories.definition import Definition, TakenNames
from apps.rules.observatories.newest_definition import look_again
from apps.rules.observatories.observatory import Exemption, Hook, Observatory

__all__ = [
    "SHIPPED",
    "Exemption",
    "Hook",
    "Observatory",
    "client_default",
    "dataset_ids",
    "find_definition",
    "forget",
    "get_definition",
    "get_observatory",
    "known_names",
    "serve",
    "taken_names",
    "with_data",
]

# The observatories that the client knows by itself.
SHIPPED = missions.NAMES

# Definitions by name, besides the observatories that come with us. A process fills it once, at its start.
_served: dict[str, Definition] = {}


def serve(definition: Definition) -> None:
    """Make an observatory of a definition known to this process.

    The definition of an observatory that is known already takes the place of the earlier one.
    """
    _served[definition.name] = definition
    _engine.cache_clear()


def forget(name: str) -> None:
    """Forget the definition of an observatory, if this process knows it."""
    _served.pop(name, None)
    _engine.cache_clear()


def find_definition(name: str) -> Definition | None:
    """Return the definition of an observatory, or None if it comes with the server."""
    look_again()
    return _served.get(name.lower())


def get_definition(name: str) -> Definition:
    """Return the whole definition of the observatory `name`, in any case.

    Raises
    ------
    UnknownObservatoryError
        Raised if there is no such observatory; the message lists the known ones.
    """
    look_again()
    found = name.lower()
    if found in _served:
        return _served[found]
    if found not in SHIPPED:
        raise UnknownObservatoryError(f"Unknown observatory {name!r}; known are {', '.join(known_names())}.")
    return missions.load(found)


@cache
def client_default() -> str:
    """Return the name of the observatory that the client takes unless somebody names another."""
    return next(name for name in SHIPPED if (facts := missions.load(name).mission) and facts.is_default)


def with_data() -> tuple[str, ...]:
    """Return the names of the observatories, among those that the client knows by itself, that have data."""
    return tuple(name for name in SHIPPED if (facts := missions.load(name).mission) and not facts.is_test)


def known_names() -> tuple[str, ...]:
    """Return the names of all observatories that this process knows."""
    return (*SHIPPED, *_served)


@cache
def _engine(name: str) -> tuple[Observatory, DatasetIds]:
    from apps.rules.observatories.definition_engine import ids_of, observatory_of

    definition = get_definition(name)
    return observatory_of(definition), ids_of(definition)


@cache
def taken_names() -> TakenNames:
    """Return the names that the client knows by itself, so that no other observatory can have them."""
    return TakenNames(SHIPPED, {name: own for own in SHIPPED for name in missions.load(own).instruments})


def get_observatory(name: str) -> Observatory:
    """Return the observatory `name`, in any case, as the engine works with it.

    Raises
    ------
    UnknownObservatoryError
        Raised if there is no such observatory; the message lists the known ones.

    Examples
    --------
    >>> get_observatory("tobs").instrument_key
    'INSTRUME'
    """
    return _engine(get_definition(name).name)[0]


def dataset_ids(name: str) -> DatasetIds:
    """Return the id grammar of an observatory that is known."""
    look_again()
    return _engine(name)[1]
