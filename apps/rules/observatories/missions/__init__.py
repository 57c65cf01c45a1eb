"""The definitions of the observatories that the client knows by itself: Hubble, JWST, Roman and a test.

Each is a YAML file of the same form as that of a private observatory, with three more keys for what only
they have. A process reads the compiled form beside it, which a test compares with the YAML: that takes a
millisecond, and the YAML a hundred.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from apps.rules.observatories.definition import Definition
from apps.rules.observatories.definition_value import from_plain

__all__ = ["COMPILED", "FOLDER", "INSTRUMENT_KEYWORDS", "NAMES", "load"]

FOLDER = Path(__file__).parent
COMPILED = FOLDER / "compiled"
# Keywords that may name the instrument, tried in this order after the observatory's own.
# Source: ``INSTRUMENT_KEYWORDS`` of the client, which are the same for all observatories.
INSTRUMENT_KEYWORDS = (
    "INSTRUME",
    "META.INSTRUMENT.NAME",
    "META_INSTRUMENT_NAME",
    "INSTRUMENT",
    "ROMAN.META.INSTRUMENT.NAME",
    "META.INSTRUMENT.TYPE",
    "META_INSTRUMENT_TYPE",
)
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def load(name: str) -> Definition:
    """Return the definition of one of `NAMES`."""
    return from_plain(json.loads((COMPILED / f"{name}.json").read_bytes()))
