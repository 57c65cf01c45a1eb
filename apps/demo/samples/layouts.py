"""The extensions of a FITS reference of each type.

Source: the constraint files ``crds/jwst/tpns`` of the client and the schemas of ``stdatamodels``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from astropy.io import fits

from apps.demo.samples.pixels import Flags, Floats, Pixels
from apps.demo.samples.sample import Sample

Extensions = list[Any]

# Bits of data quality planes, with the names of the JWST pipeline.
DO_NOT_USE, DEAD, HOT = 1, 1024, 2048
FLAGS = (
    (0, DO_NOT_USE, "DO_NOT_USE", "Bad pixel"),
    (10, DEAD, "DEAD", "Dead pixel"),
    (11, HOT, "HOT", "Hot pixel"),
)


@dataclass(frozen=True)
class Layout:
    """The extensions of one type, and the data model in the primary header.

    Attributes
    ----------
    model
        Name of the data model; a mapping by instrument where they differ.
    build
        Function that makes the extensions from the sample, a stream of values and the size in pixels.
    """

    model: str | Mapping[str, str]
    build: Callable[[Sample, Pixels, int], Extensions]
    keywords: Mapping[str, int | float] = field(default_factory=dict)

    def model_of(self, sample: Sample) -> str:
        """Return the name of the data model for the sample's instrument."""
        return self.model if isinstance(self.model, str) else self.model[sample.instrument]

    def extensions(self, sample: Sample, pixels: Pixels, size: int) -> Extensions:
        """Return the extensions of the file."""
        return self.build(sample, pixels, size)


def _image(name: str, values: Floats | Flags, unit: str = "") -> Any:
    hdu = fits.ImageHDU(values, name=name)
    if unit:
        hdu.header["BUNIT"] = unit
    return hdu


def _table(name: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Any, ...]]) -> Any:
    return fits.BinTableHDU(np.array(list(rows), dtype=list(columns)), name=name)


def _flag_names() -> Any:
    columns = (("BIT", ">i4"), ("VALUE", ">u4"), ("NAME", "S40"), ("DESCRIPTION", "S80"))
    return _table("DQ_DEF", columns, FLAGS)


def _dark(sample: Sample, pixels: Pixels, size: int) -> Extensions:
    """Give the current of two groups; MIRI has one more dimension, integrations, and no errors."""
    flags = pixels.flags(size, HOT, DO_NOT_USE | DEAD)
    if sample.instrument == "miri":
        cube = pixels.level(0.25, 1, 2, size, size, relative_step=-5)
        return [_image("SCI", cube), _image("DQ", flags.reshape(1, 1, size, size)), _flag_names()]
    cube = pixels.level(0.25, 2, size, size, relative_step=-5)
    errors = pixels.level(0.03125, 2, size, size, relative_step=-5)
    return [_image("SCI", cube), _image("ERR", errors), _image("DQ", flags), _flag_names()]


def _flat(_sample: Sample, pixels: Pixels, size: int) -> Extensions:
    return [
        _image("SCI", pixels.illumination(size)),
        _image("ERR", pixels.level(0.015625, size, size, relative_step=-5)),
        _image("DQ", pixels.flags(size, DO_NOT_USE | DEAD)),
        _flag_names(),
    ]


def _gain(_sample: Sample, pixels: Pixels, size: int) -> Extensions:
    return [_image("SCI", pixels.level(3.125, size, size), unit="ELECTRONS/DN")]


def _readnoise(_sample: Sample, pixels: Pixels, size: int) -> Extensions:
    return [_image("SCI", pixels.level(9.5, size, size, relative_step=-6), unit="DN")]


def _mask(_sample: Sample, pixels: Pixels, size: int) -> Extensions:
    return [_image("DQ", pixels.flags(size, DO_NOT_USE | DEAD, HOT, count=12)), _flag_names()]


def _saturation(_sample: Sample, pixels: Pixels, size: int) -> Extensions:
    flags = pixels.flags(size, DO_NOT_USE)
    return [_image("SCI", pixels.level(58000.0, size, size)), _image("DQ", flags), _flag_names()]


def _superbias(_sample: Sample, pixels: Pixels, size: int) -> Extensions:
    return [
        _image("SCI", pixels.level(11500.0, size, size)),
        _image("ERR", pixels.level(4.0, size, size)),
        _image("DQ", pixels.flags(size, DO_NOT_USE)),
        _flag_names(),
    ]


def _linearity(_sample: Sample, pixels: Pixels, size: int) -> Extensions:
    """Give the coefficients of a quadratic near the identity."""
    planes = [pixels.level(value, size, size) for value in (0.0, 1.0, 2.0**-20)]
    return [_image("COEFFS", np.stack(planes)), _image("DQ", pixels.flags(size, DO_NOT_USE)), _flag_names()]


def _area(_sample: Sample, pixels: Pixels, size: int) -> Extensions:
    return [_image("SCI", pixels.level(1.0, size, size, relative_step=-12))]


def _ipc(_sample: Sample, pixels: Pixels, _size: int) -> Extensions:
    """Take back the charge that leaked to the four neighbours; the sum of the kernel is one."""
    leak = pixels.whole(20, 40) * 2.0**-12
    kernel = np.array([[0, -leak, 0], [-leak, 1 + 4 * leak, -leak], [0, -leak, 0]], dtype=np.float32)
    return [_image("SCI", kernel)]


def _photom(sample: Sample, pixels: Pixels, _size: int) -> Extensions:
    """Give one row to each mode under ``modes`` in `Sample.content`: filter, and subarray or pupil."""
    second = "subarray" if sample.instrument == "miri" else "pupil"
    width = "S17" if sample.instrument == "miri" else "S12"
    columns = (("filter", "S12"), (second, width), ("photmjsr", ">f4"), ("uncertainty", ">f4"))
    modes: Any = sample.content["modes"]
    rows = [(*mode, 0.25 + pixels.whole(0, 4096) * 2.0**-13, 2.0**-7) for mode in modes]
    return [_table("PHOTOM", columns, rows)]


PIXEL_AREA = {"PIXAR_SR": 2.84403609523084e-13, "PIXAR_A2": 0.01210016}  # sr, square arc seconds

LAYOUTS: Mapping[str, Layout] = {
    "area": Layout("PixelAreaModel", _area, PIXEL_AREA),
    "dark": Layout(
        {"miri": "DarkMIRIModel", "nircam": "DarkModel", "niriss": "DarkModel"},
        _dark,
        {"NFRAMES": 1, "GROUPGAP": 0, "NGROUPS": 2},
    ),
    "flat": Layout("FlatModel", _flat),
    "gain": Layout("GainModel", _gain),
    "ipc": Layout("IPCModel", _ipc),
    "linearity": Layout("LinearityModel", _linearity),
    "mask": Layout("MaskModel", _mask),
    "photom": Layout(
        {"miri": "MirImgPhotomModel", "nircam": "NrcImgPhotomModel", "niriss": "NisImgPhotomModel"},
        _photom,
        PIXEL_AREA,
    ),
    "readnoise": Layout("ReadnoiseModel", _readnoise),
    "saturation": Layout("SaturationModel", _saturation),
    "superbias": Layout("SuperBiasModel", _superbias),
}
