"""The reference types of the demo and their match keys.

Match keys are those of the type specifications that the client ships (``crds/jwst/specs``). Two differ from
them, as in the rules in operation: calver is matched on the data model's name for ``CAL_VER``, and a type
that the specification matches only on the header also has useafter dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# FITS keyword to the parkey of the same parameter.
PARKEYS = {
    "BAND": "META.INSTRUMENT.BAND",
    "CAL_VER": "META.CALIBRATION_SOFTWARE_VERSION",
    "CHANNEL": "META.INSTRUMENT.CHANNEL",
    "DETECTOR": "META.INSTRUMENT.DETECTOR",
    "EXP_TYPE": "META.EXPOSURE.TYPE",
    "FILTER": "META.INSTRUMENT.FILTER",
    "PUPIL": "META.INSTRUMENT.PUPIL",
    "READPATT": "META.EXPOSURE.READPATT",
    "SUBARRAY": "META.SUBARRAY.NAME",
}
DATE_PARKEYS = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")


@dataclass(frozen=True)
class ReferenceType:
    """A reference type and its match keys.

    Attributes
    ----------
    keywords
        FITS keywords of the match keys, in the order of the rules.
    extension
        Extension of the files, with the dot.
    not_applicable
        Match keys, words separated by spaces, of modes that need no such reference.
    modes
        Rows of the table that is the content of a photometric reference.
    """

    keywords: tuple[str, ...]
    extension: str = ".fits"
    not_applicable: tuple[str, ...] = ()
    modes: tuple[tuple[str, str], ...] = ()

    @property
    def parkeys(self) -> tuple[str, ...]:
        """The names of the match keys in the rules."""
        return tuple(PARKEYS[keyword] for keyword in self.keywords)


def _type(keywords: str, **more: object) -> ReferenceType:
    return ReferenceType(tuple(keywords.split()), **more)  # type: ignore[arg-type]


MIRI_MODES = tuple(
    (name, subarray) for name in ("F560W", "F770W", "F1000W", "F1500W") for subarray in ("SUB64", "SUB128")
)
NIRCAM_MODES = tuple((name, "CLEAR") for name in ("F115W", "F150W", "F200W", "F277W", "F356W", "F444W"))
NIRISS_MODES = tuple((name, "CLEARP") for name in ("F380M", "F430M", "F480M"))

TYPES: Mapping[str, Mapping[str, ReferenceType]] = {
    "miri": {
        "dark": _type("DETECTOR FILTER READPATT SUBARRAY"),
        "distortion": _type("DETECTOR CHANNEL BAND", extension=".asdf"),
        "flat": _type("DETECTOR FILTER BAND READPATT SUBARRAY"),
        "gain": _type("DETECTOR FILTER BAND SUBARRAY"),
        "ipc": _type("DETECTOR SUBARRAY"),
        "photom": _type("DETECTOR FILTER", modes=MIRI_MODES),
    },
    "nircam": {
        "area": _type("DETECTOR FILTER PUPIL"),
        "distortion": _type(
            "EXP_TYPE DETECTOR CHANNEL", extension=".asdf", not_applicable=("NRC_DARK ANY ANY",)
        ),
        "flat": _type("DETECTOR FILTER PUPIL"),
        "gain": _type("DETECTOR FILTER"),
        "mask": _type("DETECTOR FILTER"),
        "photom": _type("DETECTOR FILTER", modes=NIRCAM_MODES),
        "readnoise": _type("DETECTOR FILTER"),
        "superbias": _type("DETECTOR READPATT SUBARRAY"),
    },
    "niriss": {
        "dark": _type("DETECTOR FILTER SUBARRAY"),
        "distortion": _type("EXP_TYPE FILTER PUPIL", extension=".asdf", not_applicable=("NIS_SOSS ANY ANY",)),
        "flat": _type("DETECTOR FILTER"),
        "linearity": _type("DETECTOR FILTER"),
        "photom": _type("DETECTOR FILTER", modes=NIRISS_MODES),
        "saturation": _type("DETECTOR FILTER"),
        "superbias": _type("DETECTOR READPATT SUBARRAY"),
    },
    "system": {"calver": _type("CAL_VER", extension=".json")},
}

# Types that some pipeline of the telescope asks for. The rules of an instrument declare types that the demo
# lacks as not applicable, or the client would report each as unknown. Source:
# ``crds/jwst/jwst_system_crdscfg_*.yaml``.
ASKED_FOR = tuple(
    reftype
    for line in (
        "apcorr area barshadow camera collimator cubepar dark dflat disperser distortion drizpars extract1d",
        "fflat filteroffset flat fore fpa fringe gain ifufore ifupost ifuslicer ipc linearity mask msa",
        "msaoper ote pathloss persat photom readnoise refpix regions resol rscd saturation sflat specwcs",
        "straymask superbias throughput trapdensity trappars tsophot wavecorr wavelengthrange wcsregions",
        "wfssbkg",
    )
    for reftype in line.split()
)
