"""Nancy Grace Roman Space Telescope."""

from __future__ import annotations

from apps.rules.observatories.observatory import Observatory, generated_facts

OBSERVATORY = Observatory(
    name="roman",
    title="Roman",
    instrument_key="ROMAN.META.INSTRUMENT.NAME",
    useafter_keys=("ROMAN.META.EXPOSURE.START_TIME",),
    release_page="https://github.com/spacetelescope/romancal/releases/tag/{version}",
    **generated_facts("roman"),
)
