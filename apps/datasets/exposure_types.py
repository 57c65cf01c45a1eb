"""The kind of exposure that a header tells, whatever the observatory calls the keyword."""

from __future__ import annotations

from collections.abc import Mapping

# The first keyword that is there counts.
EXPOSURE_TYPE_KEYS = ("META.EXPOSURE.TYPE", "ROMAN.META.EXPOSURE.TYPE", "EXP_TYPE", "OBSTYPE", "IMAGETYP")


def find_exposure_type(header: Mapping[str, str]) -> str:
    """Return the kind of exposure, upper case; empty if the header does not tell it.

    Examples
    --------
    >>> find_exposure_type({"OBSTYPE": "imaging"})
    'IMAGING'
    """
    return next((header[key].strip().upper() for key in EXPOSURE_TYPE_KEYS if key in header), "")
