"""From a definition to what the engine and the datasets work with."""

from __future__ import annotations

import re

from apps.rules.observatories.dataset_ids import DatasetIds
from apps.rules.observatories.definition import DefinedType, Definition, Mission
from apps.rules.observatories.hooks import load_exemption, load_hooks
from apps.rules.observatories.observatory import Observatory, TimedNames


def observatory_of(definition: Definition) -> Observatory:
    """Return the observatory that a definition describes."""
    naming, mission = definition.naming, definition.mission or Mission()
    return Observatory(
        name=definition.name,
        title=definition.title,
        instrument_key=definition.instrument_key,
        useafter_keys=definition.useafter_keys,
        types={
            instrument.name: {kind.name: _facts(kind) for kind in instrument.types.values()}
            for instrument in definition.instruments.values()
        },
        expansions=mission.expansions,
        keyword_paths=mission.keyword_paths,
        path_prefix=mission.path_prefix,
        extra_parkeys=mission.extra_parkeys,
        hooks={instrument: load_hooks(name) for instrument, name in mission.hooks.items()},
        exemption=load_exemption(mission.exemption) if mission.exemption else None,
        key_prefix=definition.datasets.key_prefix,
        headers_name_reftype=mission.headers_name_reftype,
        has_demo=mission.has_demo,
        synonyms=definition.synonyms,
        instrument_aliases=mission.instrument_aliases,
        timed_names=TimedNames(naming.characters, naming.kept) if naming else None,
        checked_keywords=definition.checked_keywords,
        compliance_checks=definition.compliance_checks,
        release_page=definition.release_page,
        banner=definition.banner,
    )


def _facts(kind: DefinedType) -> dict[str, object]:
    return {
        "text": kind.text,
        "suffix": kind.suffix,
        "extension": kind.extension,
        "row_keys": list(kind.row_keys),
    }


def ids_of(definition: Definition) -> DatasetIds:
    """Return the grammar of dataset ids of a definition."""
    facts = definition.datasets
    return DatasetIds(
        examples=facts.examples,
        instruments=tuple((re.compile(pattern), name) for pattern, name in facts.instruments),
        file_name=re.compile(facts.file_name),
        exposure_keys=facts.exposure_keys,
        detector=re.compile(facts.detector) if facts.detector else None,
        product_keys=facts.product_keys,
        program_keys=facts.program_keys,
        no_product=frozenset(facts.no_product),
        key_prefix=facts.key_prefix,
        exposure_type_keys=facts.exposure_type_keys,
    )
