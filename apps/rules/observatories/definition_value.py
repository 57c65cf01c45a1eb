"""From the plain form of a definition, which was checked, to its value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from apps.rules.observatories.definition import (
    ALL,
    Constraint,
    Datasets,
    DefinedInstrument,
    DefinedType,
    Definition,
    Mission,
    TimedNaming,
    Vocabulary,
)

__all__ = ["from_plain"]


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
        mission=_mission(plain) if "mission" in plain else None,
        plain=plain,
    )


def _mission(plain: Mapping[str, Any]) -> Mission:
    facts = plain["mission"]
    paths = plain.get("keyword_paths", {})
    return Mission(
        is_default=facts.get("is_default") == "yes",
        is_test=facts.get("is_test") == "yes",
        has_demo=facts.get("has_demo") == "yes",
        headers_name_reftype=facts.get("headers_name_reftype") == "yes",
        instrument_aliases=facts.get("instrument_aliases", {}),
        path_prefix=facts.get("path_prefix"),
        data_models=facts.get("data_models", ""),
        keyword_paths={key: tuple(found) for key, found in paths.items()},
        extra_parkeys=tuple(facts.get("extra_parkeys", ())),
        hooks=facts.get("hooks", {}),
        exemption=facts.get("exemption", ""),
        expansions=plain.get("expansions", {}),
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
        is_provisional=facts.get("provisional") == "yes",
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
    extra = {key: tuple(facts[key]) for key in ("no_product", "exposure_type_keys") if key in facts}
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
