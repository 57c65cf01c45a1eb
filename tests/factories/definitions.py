"""Definitions of made-up observatories, and what the client package knows of them."""

import contextlib
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from apps.client_package import document
from apps.observatories import definition_reload, documents
from apps.observatories.models import DefinitionDraft, DefinitionVersion
from apps.rules import observatories
from apps.rules.observatories.definition import Definition
from apps.rules.observatories.definition_reader import read_definition
from apps.rules.observatories.overlay import forget_overlay

KECKAO = r"""
observatory: keckao
title: Keck AO
version: 1.0
telescopes: [Keck I, Keck II]
calibration_software: keckdrp
instrument_key: INSTRUME
useafter_keys: [DATE-OBS, UT]
provenance: [DESCRIP, PEDIGREE, USEAFTER, HISTORY, AUTHOR]
record_as: "R_{type:.6}"
synonyms: {INSTRUME: [CURRINST], FILTER: [FILTNAME]}
patterns: {P_READ: READMODE}
every_reference:
  INSTRUME: {required: true, values: [HISPEC, LIGER]}
  REFTYPE: {required: true}
  USEAFTER: {required: true, form: "&JWSTDATE"}
  PEDIGREE: {required: true, form: "&JWSTPEDIGREE"}
  DESCRIP: {required: true}
  AUTHOR: {required: true}
keywords:
  DETECTOR: [H4RG_B, H4RG_R]
  READMODE: [CDS, MCDS4, UTR]
  FILTER: [J, H, K]
  SCALE: [14MAS, 31MAS]
instruments:
  hispec:
    dark: {text: Dark current, match: [DETECTOR, READMODE]}
    flat: {text: Flat field, match: [DETECTOR], constraints: {LAMP: {when: "(DETECTOR == 'H4RG_B')"}}}
    wave: {text: Wavelength solution, match: [DETECTOR], select: ClosestTime}
  liger:
    dark: {text: Dark current, match: [READMODE]}
    distort: {text: Distortion, match: [FILTER, SCALE], extension: .asdf}
    pars-rectify: {text: Parameters of the step rectify, match: [FILTER], extension: .json}
datasets:
  example: KOA.20260102.03456
  file_name: "(KOA\\.[0-9]{8}\\.[0-9]{5})(?:_[A-Z0-9]+)?(?:\\.FITS)?"
  exposure_keys: [KOAID, FILENAME]
  program_keys: [PROGNAME]
"""
TINYLAB = r"""
observatory: lablight
title: The laboratory
version: 2.1
telescopes: [Bench]
instrument_key: CAMERA
useafter_keys: [DATE]
instruments:
  benchcam:
    bias: {text: Bias, match: nothing}
  liger:
    bias: {text: Bias, match: nothing}
datasets:
  example: LAB1
  file_name: "(LAB[0-9]+)"
  exposure_keys: [LABID]
"""


@contextlib.contextmanager
def served(text: str = KECKAO) -> Iterator[Definition]:
    """Make the observatory of a definition known to this process until the block ends."""
    before = dict(observatories._served)
    try:
        observatories.serve(make_definition(text))
        yield make_definition(text)
    finally:
        observatories._served.clear()
        observatories._served.update(before)
        observatories._engine.cache_clear()


@cache
def make_definition(text: str = KECKAO) -> Definition:
    """Return a definition; by default one of two instruments and six types."""
    return read_definition(text)


def make_content(definition: Definition | None = None, **changes: Any) -> bytes:
    """Return the document of a definition as bytes, with some of its keys changed."""
    made = document.make_document(definition or make_definition())
    return document.to_bytes({**made, **changes})  # type: ignore[typeddict-item]


def constraints_in(content: bytes, group: str) -> dict[str, list[Any]]:
    """Return the constraints of one group by the keywords they are on."""
    return {row[0]: row[1:] for row in json.loads(content)["constraints"][group]}


def make_draft(text: str = "", **fields: Any) -> DefinitionDraft:
    """Return a checked draft of the document that is served, beside its first version."""
    old = documents.text()
    base = documents.sha1sum(old)
    if not DefinitionVersion.objects.exists():
        DefinitionVersion.objects.create(
            number=1,
            name=f"{documents.word()}_0001.yaml",
            version="1.0",
            text=old,
            size=len(old),
            sha1sum=base,
        )
    facts: dict[str, Any] = {"text": text or old, "base": base, "user": "homer", "findings": []}
    return DefinitionDraft.objects.create(**(facts | fields))


@contextlib.contextmanager
def overlaid(text: str) -> Iterator[None]:
    """Have this process work with an overlay of the served observatory, which must be one of the client."""
    documents.write(text)
    definition_reload.look()
    try:
        yield
    finally:
        documents.remove()
        forget_overlay(documents.settings.OBSERVATORY)
