"""Reading a definition: text in, `Definition` out, or every mistake with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from apps.rules.observatories.definition import NO_NAMES, Definition, TakenNames
from apps.rules.observatories.definition_checks import check, check_name
from apps.rules.observatories.definition_kinds import KeyTable, Reading
from apps.rules.observatories.definition_lines import DefinitionError, Mistake, read_tree
from apps.rules.observatories.definition_schema import DEFINITION, NAME
from apps.rules.observatories.definition_value import from_plain

__all__ = ["DefinitionError", "Mistake", "TakenNames", "read_definition", "read_plain", "to_json"]


def read_definition(text: str, *, taken: TakenNames = NO_NAMES) -> Definition:
    """Return the definition in a text of YAML or JSON.

    Parameters
    ----------
    taken
        Names that the client knows already and that a new observatory therefore cannot have.

    Raises
    ------
    DefinitionError
        Raised with every mistake and its line.

    Examples
    --------
    >>> read_definition("[]")
    Traceback (most recent call last):
        ...
    apps.rules.observatories.definition_lines.DefinitionError: line 1: The file has no `key: value`.
    """
    return from_plain(read_plain(text, taken=taken))


def read_plain(text: str, *, taken: TakenNames = NO_NAMES, table: KeyTable = DEFINITION) -> dict[str, Any]:
    """Return the plain form of a definition: texts, lists and mappings only.

    Parameters
    ----------
    table
        The keys that it may have: `DEFINITION`, or `MISSION_DEFINITION` for those that come with us.

    Raises
    ------
    DefinitionError
        Raised with every mistake and its line.
    """
    reading = Reading()
    tree = read_tree(text)
    if not isinstance(tree.value, dict):
        raise DefinitionError([Mistake(tree.line, "The file has no `key: value`.")])
    plain = table.read(tree, (), reading) or {}
    if reading.mistakes:
        raise DefinitionError(reading.mistakes)
    check(plain, reading, taken)
    if reading.mistakes:
        raise DefinitionError(reading.mistakes)
    return plain


def name_fault(name: str, taken: TakenNames) -> str:
    """Return the fault of the name of an observatory, empty if it has none.

    Examples
    --------
    >>> name_fault("keck2", NO_NAMES)
    "'keck2' is not 2 to 8 letters from a to z; the client accepts no other names."
    """
    if not re.fullmatch(NAME.pattern, name):
        return f"{name[:60]!r} is not {NAME.says}."
    reading = Reading()
    check_name(name, reading, taken)
    return reading.mistakes[0].text if reading.mistakes else ""


def to_json(definition: Definition) -> str:
    """Return a definition as JSON, which reads back equal; the same definition has the same text."""
    plain = {**definition.plain, "instruments": _with_nothing(definition.plain["instruments"])}
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def _with_nothing(instruments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the instruments with ``match: nothing`` for an empty list, as the reader wants it."""
    return {
        instrument: {
            kind: {**facts, "match": "nothing"} if facts.get("match") == [] else facts
            for kind, facts in kinds.items()
        }
        for instrument, kinds in instruments.items()
    }
