"""Policies of an observatory, whether its definition or an overlay has them."""

from __future__ import annotations

from apps.rules.observatories import find_definition
from apps.rules.observatories.overlay import find_overlay


def is_provisional(observatory: str, instrument: str, reftype: str) -> bool:
    """Return whether files of a type are confirmed at once if a program delivers them."""
    overlay = find_overlay(observatory)
    if overlay is not None:
        return overlay.is_provisional(instrument, reftype)
    definition = find_definition(observatory)
    known = definition.instruments.get(instrument) if definition else None
    return known is not None and reftype in known.types and known.types[reftype].is_provisional
