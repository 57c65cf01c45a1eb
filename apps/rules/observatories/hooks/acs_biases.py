"""Special cases of ACS bias selection.

Amplifiers, image sizes and apertures changed their meaning in flight. A dataset header is therefore rewritten
before an ACS ``biasfile`` is looked up. If that finds nothing, a full-frame bias is looked up instead.

Notes
-----
Source: ``crds.hst.acs_v1``, ``acs_v2`` and ``acs_v3``. The versions differ in the keywords that hold the
image size and the virtual overscan offsets, and in the condition that skips the first rewriting. The order in
which parkeys are read matters, because the answer names the first missing one.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import partial

from apps.rules.conditioning import condition_value
from apps.rules.dates import format_date
from apps.rules.observatories.observatory import Change, Hook

Header = MutableMapping[str, str]

HALF_CHIP_COLUMNS = 2048

# The fourth servicing mission captured Hubble on this day. It is compared as text, as in the client.
SERVICING_MISSION_4 = "2009-05-14 00:00:00"

# From here on the rules hold biases for subarrays.
SUBARRAY_BIASES = "2002-03-30 00:00:00"

PAIRED_AMPLIFIERS = {"A": "AD", "D": "AD", "B": "BC", "C": "BC"}


def _exposure_start(header: Header) -> str:
    return format_date(header["DATE-OBS"] + " " + header["TIME-OBS"])


def _rewrite(header: Header, *, columns: str, rows: str) -> None:
    """Rewrite aperture, amplifier and image size where their meaning differs from that in the rules."""
    start = _exposure_start(header)
    if start < SERVICING_MISSION_4:
        header["APERTURE"] = "N/A"
    _rewrite_columns(header, columns, early=start < SERVICING_MISSION_4)
    if header["DETECTOR"] == "WFC" and header["XCORNER"] == "0.0" and header["YCORNER"] == "0.0":
        _halve_rows(header, rows)


def _rewrite_columns(header: Header, columns: str, *, early: bool) -> None:
    try:
        count = int(float(header[columns]))
    except ValueError:
        return
    header[columns] = condition_value(str(count))
    if early and count > HALF_CHIP_COLUMNS:
        amplifier = header["CCDAMP"]
        header["CCDAMP"] = PAIRED_AMPLIFIERS.get(amplifier, amplifier)


def _halve_rows(header: Header, rows: str) -> None:
    try:
        count = int(float(header[rows])) / 2
    except ValueError:
        return
    header[rows] = condition_value(str(count))


def _needs_rewriting(header: Header) -> bool:
    """Return whether version 3 rewrites this header. It does not if the rules have a bias for the mode."""
    start = _exposure_start(header)
    return (
        header["DETECTOR"] != "WFC"
        or start < SUBARRAY_BIASES
        or header.get("APERTURE", "UNDEFINED") == "UNDEFINED"
        or float(header["CCDGAIN"]) in (4.0, 8.0)
        or header["CCDAMP"] in ("AD", "BC")
    )


def _rewrite_if_needed(header: Header) -> None:
    if _needs_rewriting(header):
        _rewrite(header, columns="NAXIS1", rows="NAXIS2")


def _ask_for_full_frame(header: Header, *, offsets: tuple[str, str]) -> None:
    """Replace size and offsets, all of which must be present, by those of a full frame."""
    horizontal, vertical = offsets
    for parkey in ("NAXIS1", "NAXIS2", horizontal, vertical):
        header[parkey]
    if header["DETECTOR"] == "WFC":
        frame = ("4144.0", "2068.0", "24.0", "0.0")
    else:
        frame = ("1062.0", "1044.0", "19.0", "0.0" if header["CCDAMP"] in ("C", "D") else "20.0")
    header["NAXIS1"], header["NAXIS2"], header[horizontal], header[vertical] = frame


def _fall_back_v2(header: Header) -> None:
    _rewrite(header, columns="NAXIS1", rows="NAXIS2")
    _ask_for_full_frame(header, offsets=("LTV1", "LTV2"))


def _fall_back_v3(header: Header) -> None:
    _rewrite_if_needed(header)
    _ask_for_full_frame(header, offsets=("RAW_LTV1", "RAW_LTV2"))


def _hook(change: Change, *sizes_and_offsets: str) -> Hook:
    parkeys = ("DETECTOR", "APERTURE", "CCDAMP", "CCDGAIN", "XCORNER", "YCORNER", *sizes_and_offsets)
    return Hook(change, parkeys, epochs=(SUBARRAY_BIASES, SERVICING_MISSION_4))


HOOKS = {
    "precondition_header_acs_biasfile_v1": _hook(
        partial(_rewrite, columns="NUMCOLS", rows="NUMROWS"), "NUMCOLS", "NUMROWS"
    ),
    "precondition_header_acs_biasfile_v2": _hook(
        partial(_rewrite, columns="NAXIS1", rows="NAXIS2"), "NAXIS1", "NAXIS2"
    ),
    "fallback_header_acs_biasfile_v2": _hook(_fall_back_v2, "NAXIS1", "NAXIS2", "LTV1", "LTV2"),
    "precondition_header_acs_biasfile_v3": _hook(_rewrite_if_needed, "NAXIS1", "NAXIS2"),
    "fallback_header_acs_biasfile_v3": _hook(_fall_back_v3, "NAXIS1", "NAXIS2", "RAW_LTV1", "RAW_LTV2"),
}
