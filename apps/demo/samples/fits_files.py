"""References in FITS: images, cubes of coefficients, tables."""

from __future__ import annotations

import io

from astropy.io import fits

from apps.demo.samples.layouts import LAYOUTS
from apps.demo.samples.pixels import Pixels
from apps.demo.samples.sample import Sample, SampleError

SIZE = 32  # pixels, even if no subarray of the detector has this size, to keep the files small

# Keyword to the keyword that lists alternatives of its value.
PATTERNS = {"FILTER": "P_FILTER", "PUPIL": "P_PUPIL", "READPATT": "P_READPA", "SUBARRAY": "P_SUBARR"}

# Directions of readout, which the client checks for each detector.
READOUT_AXES = {
    "MIRIMAGE": (1, 2),
    "MIRIFULONG": (1, 2),
    "MIRIFUSHORT": (1, 2),
    "NRCA1": (-1, 2),
    "NRCA2": (1, -2),
    "NRCALONG": (-1, 2),
    "NRCB1": (1, -2),
    "NRCBLONG": (1, -2),
    "NIS": (-2, -1),
}


def make(sample: Sample) -> bytes:
    """Return the bytes of a FITS reference."""
    if sample.reftype not in LAYOUTS:
        raise SampleError(
            f"{sample.name}: no FITS sample of type {sample.reftype}; known are {', '.join(LAYOUTS)}."
        )
    layout = LAYOUTS[sample.reftype]
    primary = fits.PrimaryHDU(header=_header(sample, layout.model_of(sample)))
    for keyword, value in layout.keywords.items():
        primary.header[keyword] = value
    primary.header["HISTORY"] = sample.history
    stream = io.BytesIO()
    fits.HDUList([primary, *layout.extensions(sample, Pixels(sample.seed), SIZE)]).writeto(stream)
    return stream.getvalue()


def _header(sample: Sample, model: str) -> fits.Header:
    header = fits.Header()
    header["FILENAME"] = sample.name
    header["TELESCOP"] = "JWST"
    header["INSTRUME"] = sample.instrument.upper()
    header["REFTYPE"] = sample.reftype.upper()
    header["DATAMODL"] = model
    header["USEAFTER"] = sample.useafter_text
    header["PEDIGREE"] = sample.pedigree
    header["AUTHOR"] = sample.author
    header["DESCRIP"] = sample.description
    for keyword, value in sample.keywords.items():
        header[keyword] = value.rpartition("|")[-1]
        if "|" in value:
            header[PATTERNS[keyword]] = f"{value}|"
    if sample.keywords.get("SUBARRAY", "GENERIC") != "GENERIC":
        _add_subarray(header, sample.keywords["DETECTOR"])
    return header


def _add_subarray(header: fits.Header, detector: str) -> None:
    """Add the position of the pixels on the detector."""
    header["SUBSTRT1"] = header["SUBSTRT2"] = 1
    header["SUBSIZE1"] = header["SUBSIZE2"] = SIZE
    header["FASTAXIS"], header["SLOWAXIS"] = READOUT_AXES[detector]
