"""The test observatory."""

from __future__ import annotations

from apps.rules.observatories.observatory import Observatory, generated_facts

OBSERVATORY = Observatory(
    name="tobs",
    title="TOBS",
    instrument_key="INSTRUME",
    useafter_keys=("META.OBSERVATION.DATE", "META.OBSERVATION.TIME"),
    **generated_facts("tobs"),
)
