"""The overlay of an observatory that the client knows by itself: conditions beyond those of the library.

The library of a release knows fixed values and conditions. An overlay adds values, conditions and policies,
so that the server accepts a new value before anybody has a new release. Its form is part of the form of a
definition.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.rules.observatories.definition import ALL, Constraint
from apps.rules.observatories.definition_checks import check_conditions
from apps.rules.observatories.definition_kinds import DefinedKey, KeyTable, MapValue, Reading, suggestion
from apps.rules.observatories.definition_lines import DefinitionError, Mistake, read_tree
from apps.rules.observatories.definition_schema import (
    CONSTRAINTS,
    INSTRUMENT,
    NAME,
    PROVISIONAL,
    REFTYPE,
    VERSION,
    VOCABULARIES,
    InstrumentKind,
)

__all__ = ["Overlay", "empty_overlay", "find_overlay", "forget_overlay", "read_overlay", "serve_overlay"]

_TYPE = KeyTable(
    (
        PROVISIONAL,
        DefinedKey("keywords", VOCABULARIES, "Values beyond those of the library, for this type alone."),
        DefinedKey("constraints", CONSTRAINTS, "Further conditions on such files."),
    )
)
_OVERLAY = KeyTable(
    (
        DefinedKey("observatory", NAME, "Name of the observatory.", is_required=True),
        DefinedKey("version", VERSION, "Version of this overlay.", is_required=True),
        DefinedKey("every_reference", CONSTRAINTS, "Further conditions on all references."),
        DefinedKey("keywords", VOCABULARIES, "Values beyond those of the library."),
        DefinedKey(
            "instruments", MapValue(INSTRUMENT, InstrumentKind(MapValue(REFTYPE, _TYPE))), "By instrument."
        ),
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """One overlay.

    Attributes
    ----------
    plain
        The overlay as it was read: texts, lists and mappings only.
    """

    name: str
    version: str
    plain: Mapping[str, Any]

    def values_beyond(self, instrument: str, reftype: str) -> dict[str, tuple[str, ...]]:
        """Return the values that keywords may have besides those of the library, by keyword."""
        found: dict[str, tuple[str, ...]] = {}
        for place in self._places(instrument, reftype):
            for key, facts in place.get("keywords", {}).items():
                found[key] = tuple(dict.fromkeys((*found.get(key, ()), *facts.get("values", ()))))
        return found

    def constraints_on(self, instrument: str, reftype: str) -> tuple[Constraint, ...]:
        """Return the further conditions on references of a type."""
        found = dict(self.plain.get("every_reference", {}))
        for place in self._places(instrument, reftype):
            found |= place.get("constraints", {})
        return tuple(
            Constraint(key, **{**facts, "values": tuple(facts.get("values", ()))})
            for key, facts in found.items()
        )

    def is_provisional(self, instrument: str, reftype: str) -> bool:
        """Return whether files of a type are confirmed at once if a program delivers them."""
        kinds = self.plain.get("instruments", {}).get(instrument, {})
        return bool(kinds.get(reftype, {}).get("provisional") == "yes")

    def _places(self, instrument: str, reftype: str) -> Iterator[Mapping[str, Any]]:
        kinds = self.plain.get("instruments", {}).get(instrument, {})
        yield {"keywords": self.plain.get("keywords", {})}
        yield kinds.get(ALL, {})
        if reftype != ALL:
            yield kinds.get(reftype, {})


def read_overlay(text: str, *, name: str, types: Mapping[str, Mapping[str, Any]]) -> Overlay:
    """Return the overlay in a text of YAML or JSON.

    Parameters
    ----------
    name
        The observatory whose library it overlays.
    types
        Instrument to the reference types that the library knows.

    Raises
    ------
    DefinitionError
        Raised with every mistake and its line.
    """
    reading = Reading()
    tree = read_tree(text)
    if not isinstance(tree.value, dict):
        raise DefinitionError([Mistake(tree.line, "The file has no `key: value`.")])
    plain = _OVERLAY.read(tree, (), reading) or {}
    if not reading.mistakes:
        _check(plain, name, types, reading)
    if reading.mistakes:
        raise DefinitionError(reading.mistakes)
    return Overlay(plain["observatory"], plain["version"], plain)


def empty_overlay(name: str) -> str:
    """Return the text of an overlay that adds nothing yet.

    Examples
    --------
    >>> print(empty_overlay("tobs").splitlines()[1])
    observatory: tobs
    """
    return (
        "# Values and conditions beyond those of the library. Types and instruments come with the client.\n"
        f"observatory: {name}\nversion: 0\n"
    )


def to_json(overlay: Overlay) -> str:
    """Return an overlay as JSON, which reads back equal."""
    return json.dumps(overlay.plain, ensure_ascii=False)


def _check(
    plain: Mapping[str, Any], name: str, types: Mapping[str, Mapping[str, Any]], reading: Reading
) -> None:
    if plain["observatory"] != name:
        line = reading.line_of("observatory")
        reading.complain(line, f"This server serves {name}, and the overlay is for {plain['observatory']}.")
    for instrument, kinds in plain.get("instruments", {}).items():
        line = reading.line_of("instruments", instrument)
        if instrument not in types:
            reading.complain(
                line,
                f"The client has no instrument {instrument}, and an overlay cannot add one. "
                f"{suggestion(instrument, types)}",
            )
            continue
        for kind in kinds:
            if kind != ALL and kind not in types[instrument]:
                line = reading.line_of("instruments", instrument, kind)
                reading.complain(
                    line,
                    f"The client has no type {kind} of {instrument}, and an overlay cannot add one. "
                    f"{suggestion(kind, types[instrument])}",
                )
    check_conditions(plain, reading)


# Overlays by observatory. A process fills it at its start, and again when there is a newer one.
_served: dict[str, Overlay] = {}


def serve_overlay(overlay: Overlay) -> None:
    """Make an overlay known to this process, in the place of an earlier one."""
    _served[overlay.name] = overlay


def forget_overlay(name: str) -> None:
    """Forget the overlay of an observatory, if this process knows it."""
    _served.pop(name, None)


def find_overlay(name: str) -> Overlay | None:
    """Return the overlay of an observatory, or None if it has none."""
    from apps.rules.observatories.newest_definition import look_again

    look_again()
    return _served.get(name.lower())
