"""Reading a definition: text in, `Definition` out, or every mistake with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from apps.rules.observatories.definition import (
    NO_NAMES,
    Constraint,
    Datasets,
    DefinedInstrument,
    DefinedType,
    Definition,
    TakenNames,
    TimedNaming,
    Vocabulary,
)
from apps.rules.observatories.definition_checks import check, check_name
from apps.rules.observatories.definition_kinds import Reading
from apps.rules.observatories.definition_lines import DefinitionError, Mistake, read_tree
from apps.rules.observatories.definition_schema import ALL, DEFINITION, NAME

__all__ = ["DefinitionError", "Mistake", "TakenNames", "read_definition", "to_json"]


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
    reading = Reading()
    tree = read_tree(text)
    if not isinstance(tree.value, dict):
        raise DefinitionError([Mistake(tree.line, "The file has no `key: value`.")])
    plain = DEFINITION.read(tree, (), reading) or {}
    if reading.mistakes:
        raise DefinitionError(reading.mistakes)
    check(plain, reading, taken)
    if reading.mistakes:
        raise DefinitionError(reading.mistakes)
    return from_plain(plain)


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


def from_plain(plain: Mapping[str, Any]) -> Definition:
    """Return the value of a definition that was checked."""
    return Definition(
        name=plain["observatory"],
        title=plain["title"],
        version=plain["version"],
        telescopes=tuple(name.lower() for name in plain["telescopes"]),
        server=plain.get("server", ""),
        calibration_software=plain.get("calibration_software", ""),
        release_page=plain.get("release_page", ""),
        banner=plain.get("banner", ""),
        useafter_keys=tuple(plain["useafter_keys"]),
        provenance=tuple(plain.get("provenance", ())),
        instrument_key=plain["instrument_key"],
        record_as=plain.get("record_as", "R_{type:.6}"),
        synonyms={key: tuple(others) for key, others in plain.get("synonyms", {}).items()},
        patterns=dict(plain.get("patterns", {})),
        every_reference=_constraints(plain.get("every_reference", {})),
        keywords=_vocabularies(plain.get("keywords", {})),
        instruments={name: _instrument(name, kinds) for name, kinds in sorted(plain["instruments"].items())},
        datasets=_datasets(plain["datasets"]),
        naming=_naming(plain.get("naming")),
        checked_keywords=tuple(plain.get("checked_keywords", ("REFTYPE", "AUTHOR"))),
        compliance_checks=tuple(plain.get("compliance_checks", ("fits", "json", "asdf", "certify"))),
        plain=plain,
    )


def _instrument(name: str, kinds: Mapping[str, Any]) -> DefinedInstrument:
    shared = kinds.get(ALL, {})
    types = {kind: _reftype(kind, facts) for kind, facts in sorted(kinds.items()) if kind != ALL}
    return DefinedInstrument(
        name, types, _vocabularies(shared.get("keywords", {})), _constraints(shared.get("constraints", {}))
    )


def _reftype(name: str, facts: Mapping[str, Any]) -> DefinedType:
    return DefinedType(
        name=name,
        text=facts["text"],
        match=tuple(facts["match"]),
        select=facts.get("select", "UseAfter"),
        extension=facts.get("extension", ".fits"),
        suffix=facts.get("suffix", name),
        row_keys=tuple(facts.get("row_keys", ())),
        relevance=facts.get("relevance", ""),
        match_relevance=dict(facts.get("match_relevance", {})),
        keywords=_vocabularies(facts.get("keywords", {})),
        constraints=_constraints(facts.get("constraints", {})),
    )


def _vocabularies(found: Mapping[str, Any]) -> dict[str, Vocabulary]:
    return {
        key: Vocabulary(tuple(facts.get("values", ())), facts.get("type", "text"))
        for key, facts in found.items()
    }


def _constraints(found: Mapping[str, Any]) -> tuple[Constraint, ...]:
    return tuple(
        Constraint(key, **{**facts, "values": tuple(facts.get("values", ()))}) for key, facts in found.items()
    )


def _datasets(facts: Mapping[str, Any]) -> Datasets:
    extra = {"no_product": tuple(facts["no_product"])} if "no_product" in facts else {}
    return Datasets(
        examples=tuple(facts["example"]),
        file_name=facts["file_name"],
        exposure_keys=tuple(facts["exposure_keys"]),
        product_keys=tuple(facts.get("product_keys", ())),
        program_keys=tuple(facts.get("program_keys", ())),
        instruments=tuple(facts.get("instruments", {}).items()),
        detector=facts.get("detector", ""),
        key_prefix=facts.get("key_prefix", ""),
        **extra,
    )


def _naming(facts: Mapping[str, Any] | None) -> TimedNaming | None:
    if facts is None:
        return None
    kept: Collection[tuple[str, str]] = [
        (instrument, kind) for instrument, kinds in facts.get("kept", {}).items() for kind in kinds
    ]
    return TimedNaming(dict(facts["characters"]), frozenset(kept))
