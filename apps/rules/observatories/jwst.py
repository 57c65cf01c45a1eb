"""James Webb Space Telescope."""

from __future__ import annotations

from apps.rules.observatories.observatory import Observatory, generated_facts

OBSERVATORY = Observatory(
    name="jwst",
    title="JWST",
    instrument_key="META.INSTRUMENT.NAME",
    useafter_keys=("META.OBSERVATION.DATE", "META.OBSERVATION.TIME"),
    path_prefix="meta.",
    extra_parkeys=("META.VISIT.TSOVISIT", "META.INSTRUMENT.LAMP_STATE"),
    release_page="https://github.com/spacetelescope/jwst/releases/tag/{version}",
    headers_name_reftype=True,
    has_demo=True,
    **generated_facts("jwst"),
)
