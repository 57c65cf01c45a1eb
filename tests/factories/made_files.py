"""Small reference and data files that the repository makes itself, under the names of the real samples.

They have what the client's checks and the tests look at; their values mean nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

# References that the made cache holds.
HELD = {"hst": ("s7g1700gl_dead.fits", "v8q14451j_idc.fits"), "roman": ("roman_wfi_flat_0004.asdf",)}

DEAD = {
    "FILETYPE": "DEADTIME REFERENCE TABLE",
    "INSTRUME": "COS",
    "DETECTOR": "FUV",
    "PEDIGREE": "GROUND 16/07/2008 16/07/2010",
    "USEAFTER": "Oct 01 1996 00:00:00",
    "DESCRIP": "made for tests of the deadtime table",
    "VCALCOS": "2.0",
    "COMMENT": "made for tests",
    "HISTORY": "made for tests",
}
THERMAL = {
    "DBTABLE": "CRTHERMAL",
    "INSTRUME": "WFC3",
    "PEDIGREE": "GROUND",
    "USEAFTER": "Dec 05 2007 00:00:00",
    "DESCRIP": "made for tests of types without rules",
    "COMPNAME": "wfc3_ir_f098m",
    "HISTORY": "made for tests",
}
EXPOSURE = {
    "INSTRUME": "ACS",
    "DETECTOR": "HRC",
    "OBSTYPE": "IMAGING",
    "CCDAMP": "C",
    "CCDGAIN": 2,
    "FILTER1": "F555W",
    "FILTER2": "CLEAR2S",
    "APERTURE": "HRC",
    "DATE-OBS": "2002-04-13",
    "PROPOSID": 9019,
    "BIASCORR": "PERFORM",
    "DARKCORR": "PERFORM",
    "BIASFILE": "jref$m4r1753rj_bia.fits",
    "SUBARRAY": False,
    "LRFWAVE": 0.0,
}
IPC = {
    "TELESCOP": "JWST",
    "INSTRUME": "MIRI",
    "DETECTOR": "MIRIMAGE",
    "REFTYPE": "IPC",
    "FILETYPE": "INTERPIXEL CAPACITANCE",
    "DATAMODL": "IPCModel",
    "AUTHOR": "made for tests",
    "PEDIGREE": "DUMMY",
    "DESCRIP": "made for tests of the deconvolution kernel",
    "USEAFTER": "2014-01-01T00:00:00",
    "HISTORY": "made for tests",
}
DISTORTION = {
    "meta": {
        "instrument": {"name": "miri", "detector": "mirifulong"},
        "exposure": {"readpatt": "any", "type": "mir_image"},
        "subarray": {"name": "MASK1550", "xstart": 1, "xsize": 1032, "fastaxis": 1},
        "telescope": "jwst",
    },
    "reftype": "distortion",
    "datamodl": "DistortionModel",
    "pedigree": "dummy",
    "useafter": "2015-01-25T12:00:00",
    "author": "made for tests",
    "band": "medium",
    "channel": 34,
    "descrip": "Brief notes on this reference.",
    "history": "How this reference came to be.",
    "substrt2": 1020,
    "subsize2": 4,
    "slowaxis": 2,
}
YAML = """
meta:
    exposure: {readpatt: any}
    instrument: {name: miri, detector: mirifulong, channel: 34, band: medium}
    telescope: jwst
    subarray: {name: MASK1550, ystart: 1020, xsize: 1, fastaxis: 1}
reftype: distortion
datamodl: DistortionModel
useafter: 2001-03-21T12:00:00
pedigree: dummy
author: made for tests
descrip: Brief notes on this reference.
"""
ASDF_HEAD = """#ASDF 1.0.0
#ASDF_STANDARD 1.5.0
%YAML 1.1
%TAG ! tag:stsci.edu:asdf/
--- !core/asdf-1.1.0
asdf_library: !core/software-1.0.0 {author: nobody, homepage: 'http://localhost', name: asdf, version: 3.2.0}
history: {extensions: []}
"""
SLITS = """meta:
  instrument: {name: NIRSPEC}
  telescope: JWST
  author: made for tests
model: {slits: 4}
"""
SPECWCS = """meta:
  instrument: {name: NIRCAM, module: A, pupil: GRISMR, detector: NRCA1}
  exposure: {type: NRC_WFSS}
  telescope: JWST
  reftype: specwcs
  pedigree: GROUND
  useafter: '2014-01-01T00:00:00'
  author: made for tests
  description: made for tests
"""
ROMAN = """roman: !<asdf://stsci.edu/datamodels/roman/tags/reference_files/flat-1.0.0>
  meta:
    author: made for tests
    description: made for tests
    instrument: {detector: WFI16, name: WFI, optical_element: F158}
    origin: !<asdf://stsci.edu/datamodels/roman/tags/origin-1.0.0> STSCI
    pedigree: GROUND
    reftype: FLAT
    telescope: !<asdf://stsci.edu/datamodels/roman/tags/telescope-1.0.0> ROMAN
    useafter: !time/time-1.1.0 2020-01-01T00:00:00.000
  data: !core/ndarray-1.0.0 {data: [[1.0, 1.0], [1.0, 1.0]], datatype: float32}
  dq: !core/ndarray-1.0.0 {data: [[0, 0], [0, 0]], datatype: uint32}
  err: !core/ndarray-1.0.0 {data: [[0.1, 0.1], [0.1, 0.1]], datatype: float32}
...
"""
GEIS = {
    "SIMPLE": "F",
    "BITPIX": "32",
    "DATATYPE": "'REAL*4  '",
    "NAXIS": "2",
    "NAXIS1": "16",
    "NAXIS2": "2",
    "GROUPS": "T",
    "GCOUNT": "1",
    "PCOUNT": "0",
    "PSIZE": "0",
    "INSTRUME": "'WFPC2   '",
    "FILETYPE": "'BIA     '",
    "USEAFTER": "'01/01/1994 00:00:00'",
    "PEDIGREE": "'GROUND  '",
}


def make_files(root: Path) -> None:
    """Write every sample below `root`, in a folder for each observatory."""
    for observatory, files in (("hst", _hst()), ("jwst", _jwst()), ("roman", _roman())):
        (root / observatory).mkdir()
        for name, content in files.items():
            (root / observatory / name).write_bytes(content)


def _hst() -> dict[str, bytes]:
    dead = _dead()
    summed = _dead(checksum=True)
    return {
        "s7g1700gl_dead.fits": dead,
        "s7g1700hl_dead.fits": _dead(USEAFTER="Oct 01 1997 01:01:01"),
        "s7g1700gl_dead_overlap.fits": _dead(DETECTOR="FUV|NUV"),
        "s7g1700gl_dead_dup1.fits": _dead(CRDSUNIQ="2018-12-04T12:33:16"),
        "s7g1700gl_dead_dup2.fits": _dead(CRDSUNIQ="2018-12-14T12:33:16"),
        "s7g1700gl_dead_good_xsum.fits": summed,
        # A byte of the table is another one than was summed.
        "s7g1700gl_dead_bad_xsum.fits": summed.replace(b"FUVA", b"FUVB", 1),
        "missing_keyword.fits": _dead(DETECTOR=None),
        "v8q14451j_idc.fits": _distortions("WFC", range(12)),
        "v8q1445xx_idc.fits": _distortions("WFC", range(1, 12), "Nov 21 2002"),
        "acs_new_idc.fits": _distortions("HRC", range(4)),
        "y951738kl_hv.fits": _fits(
            DEAD | {"FILETYPE": "HIGH VOLTAGE TABLE"}, _table(SEGMENT=["FUVA"], HVLEVEL=[169])
        ),
        "wfc3_ir_f098m_002_th.fits": _fits(
            THERMAL, _table(WAVELENGTH=[1800.0, 1801.0], EMISSIVITY=[1.0, 1.0])
        ),
        "j8bt05njq_raw.fits": _exposure("j8bt05njq", "J8BT05020", "18:16:35"),
        "j8bt06o6q_raw.fits": _exposure("j8bt06o6q", "J8BT06040", "19:12:10"),
        "valid.r1h": "".join(f"{key:8}= {value:>20} /".ljust(80) for key, value in GEIS.items()).encode()
        + b"END".ljust(80),
    }


def _jwst() -> dict[str, bytes]:
    kernel = fits.ImageHDU(np.full((3, 3), 1 / 9, "float32"), name="SCI")
    valid = json.dumps(DISTORTION, indent=4).encode()
    return {
        "jwst_miri_ipc_0004.fits": _fits(IPC | {"P_DETECT": "MIRIFUSHORT | MIRIFULONG |"}, kernel),
        "jwst_miri_ipc_0003.add.fits": _fits(
            IPC | {"P_DETECT": "MIRIFUSHORT|MIRIFULONG|"}, kernel, checksum=True
        ),
        "jwst_miri_ipc.bad-keyword.fits": _fits(IPC | {"P_DETEC": "MIRIFUSHORT|"}, kernel, checksum=True),
        "jwst_miri_ipc.bad-value.fits": _fits(IPC | {"P_DETECT": "MIRIFUSHORT|FOO|"}, kernel, checksum=True),
        "niriss_ref_photom_bad.fits": _fits(
            IPC | {"INSTRUME": "NIRISS", "REFTYPE": "PHOTOM", "DETECTOR": "FOO"}, kernel
        ),
        "jwst_nircam_specwcs_0010.asdf": _asdf(SPECWCS, 50),
        "jwst_miri_distortion_0001.asdf": _asdf("author: made for tests\n", 400),
        "valid.asdf": _asdf(SLITS, 2000),
        "invalid.asdf": b"#ASDF 0.1.0\n%YAML 1.1\n--- !core/asdf\nauthor: made for tests\n  odd: [1\n...\n",
        "valid.json": valid,
        "invalid.json": valid.replace(b'"exposure"', b"kl;jlk;$$"),
        "valid.yaml": YAML.encode(),
        "invalid.yaml": YAML.replace("meta:", "--- !nobody.example/^card\nmeta:")
        .replace("reftype", "type")
        .encode(),
    }


def _roman() -> dict[str, bytes]:
    changed = {
        "small": ROMAN,
        "badtype": ROMAN.replace("reftype: FLAT", "reftype: badtype"),
        "invalid_schema": ROMAN.replace("!time/time-1.1.0 2020-01-01T00:00:00.000", "yesterday"),
    }
    changed = {f"roman_wfi16_f158_flat_{name}.asdf": text for name, text in changed.items()}
    changed["roman_wfi_flat_0004.asdf"] = ROMAN.replace("WFI16", "WFI01")
    return {name: (ASDF_HEAD + text).encode() for name, text in changed.items()}


def _dead(*, checksum: bool = False, **keywords: str | None) -> bytes:
    header = {key: value for key, value in (DEAD | keywords).items() if value is not None}
    rates = [10.0 * number for number in range(5)]
    table = _table(SEGMENT=["FUVA"] * 5 + ["FUVB"] * 5, OBS_RATE=rates * 2, LIVETIME=[1.0] * 10)
    table.header["TIMESTEP"] = 10.0
    return _fits({"FILENAME": "s7g1700gl_dead.fits", **header}, table, checksum=checksum)


def _distortions(detector: str, rows: range, day: str = "Oct 21 2002") -> bytes:
    header = DEAD | {
        "INSTRUME": "ACS",
        "FILETYPE": "DISTORTION COEFFICIENTS",
        "DETECTOR": detector,
        "NORDER": 4,
    }
    columns: dict[str, list[Any]] = {
        "DETCHIP": [1 + number % 2 for number in rows],
        "DIRECTION": ["FORWARD"] * len(rows),
        "FILTER1": [f"F{500 + number}W" for number in rows],
        "FILTER2": ["CLEAR2S"] * len(rows),
        "SCALE": [0.05] * len(rows),
    }
    return _fits(header | {"USEAFTER": f"{day} 00:00:00"}, _table(**columns))


def _exposure(rootname: str, association: str, time: str) -> bytes:
    names = {
        "FILENAME": f"{rootname}_raw.fits",
        "ROOTNAME": rootname,
        "ASN_ID": association,
        "TIME-OBS": time,
    }
    # The primary header fills more than one block of 2880 bytes, as those of real exposures do.
    names["COMMENT"] = "made for tests " * 250
    image = fits.ImageHDU(np.zeros((1044, 1062), "int16"), name="SCI")
    image.header.update({"CCDCHIP": 1, "LTV1": 19.0, "LTV2": 0.0, "NUMCOLS": 1062, "NUMROWS": 1044})
    return _fits(EXPOSURE | names, image)


def _table(**columns: list[Any]) -> fits.BinTableHDU:
    made = []
    for name, values in columns.items():
        array = np.array(values)
        code = {"i": "J", "f": "D"}.get(array.dtype.kind, f"{max(map(len, map(str, values)))}A")
        made.append(fits.Column(name, code, array=array))
    return fits.BinTableHDU.from_columns(made)


def _fits(header: Mapping[str, Any], *extensions: Any, checksum: bool = False) -> bytes:
    primary = fits.PrimaryHDU()
    primary.header.update(header)
    fits.HDUList([primary, *(extension.copy() for extension in extensions)]).writeto(
        stream := io.BytesIO(), checksum=checksum
    )
    return stream.getvalue()


def _asdf(tree: str, count: int) -> bytes:
    """Return an ASDF file with numbers in a block; written by hand, for to import asdf takes a second."""
    numbers = np.arange(float(count)).tobytes()
    array = f"{{source: 0, datatype: float64, byteorder: little, shape: [{count}]}}"
    text = f"{ASDF_HEAD}{tree}numbers: !core/ndarray-1.0.0 {array}\n...\n"
    checksum = hashlib.md5(numbers, usedforsecurity=False).digest()
    sizes = (len(numbers), len(numbers), len(numbers))
    return (
        text.encode() + b"\xd3BLK" + struct.pack(">HI4sQQQ16s", 48, 0, bytes(4), *sizes, checksum) + numbers
    )
