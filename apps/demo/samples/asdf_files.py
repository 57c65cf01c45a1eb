"""References in ASDF: distortion models."""

from __future__ import annotations

import io
from datetime import UTC
from typing import Any

import asdf
from asdf.tags.core import HistoryEntry
from astropy.modeling.models import Mapping, Polynomial2D, Shift

from apps.demo.samples.pixels import Pixels
from apps.demo.samples.sample import Sample, SampleError

# The client's contexts may limit the version of the standard; all have accepted this one since 2022.
STANDARD = "1.5.0"

# FITS keyword to the place of the same parameter in a data model.
PLACES = {
    "BAND": ("instrument", "band"),
    "CHANNEL": ("instrument", "channel"),
    "DETECTOR": ("instrument", "detector"),
    "EXP_TYPE": ("exposure", "type"),
    "FILTER": ("instrument", "filter"),
    "PUPIL": ("instrument", "pupil"),
}


def make(sample: Sample) -> bytes:
    """Return the bytes of an ASDF reference."""
    if sample.reftype != "distortion":
        raise SampleError(f"{sample.name}: the only ASDF samples are of type distortion.")
    tree = {"meta": _meta(sample), "model": _distortion(Pixels(sample.seed))}
    file = asdf.AsdfFile(tree, version=STANDARD)
    moment = sample.useafter.replace(tzinfo=UTC)
    file["history"] = {"entries": [HistoryEntry({"description": sample.history, "time": moment})]}
    stream = io.BytesIO()
    file.write_to(stream)
    return stream.getvalue()


def _meta(sample: Sample) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "author": sample.author,
        "description": sample.description,
        "input_units": "pixel",
        "instrument": {"name": sample.instrument.upper()},
        "model_type": "DistortionModel",
        "output_units": "arcsec",
        "pedigree": sample.pedigree,
        "reftype": sample.reftype.upper(),
        "telescope": "JWST",
        "useafter": sample.useafter_text,
    }
    for keyword, value in sample.keywords.items():
        group, key = PLACES[keyword]
        meta.setdefault(group, {})[key] = value
    return meta


def _distortion(pixels: Pixels) -> Any:
    """Return a model from pixel to arc second: a shift to the centre, then a quadratic in each direction."""
    centre = Shift(-float(pixels.whole(500, 524))) & Shift(-float(pixels.whole(500, 524)))
    return centre | Mapping((0, 1, 0, 1)) | (_quadratic(pixels, "c1_0") & _quadratic(pixels, "c0_1"))


def _quadratic(pixels: Pixels, leading: str) -> Polynomial2D:
    """Return a polynomial whose `leading` coefficient is near the scale of a pixel, 0.11 arc second."""
    small = {
        "c2_0": pixels.fraction(-26, 22),
        "c0_2": pixels.fraction(-26, 22),
        "c1_1": pixels.fraction(-26, 22),
    }
    return Polynomial2D(2, **{leading: 0.1103515625 + pixels.fraction(-16, 8)}, **small)
