"""Special cases of WFC3."""

from __future__ import annotations

from collections.abc import MutableMapping

from apps.rules.observatories.observatory import Hook


def ignore_aperture_of_custom_subarrays(header: MutableMapping[str, str]) -> None:
    """Match a bias for a user-defined subarray whatever its aperture is called.

    Notes
    -----
    Source: ``precondition_header_wfc3_biasfile_v1`` in ``crds.hst.wfc3``.
    """
    if header["SUBARRAY"] == "T" and "SUB" not in header["APERTURE"]:
        header["APERTURE"] = "N/A"


HOOKS = {
    "precondition_header_wfc3_biasfile_v1": Hook(
        ignore_aperture_of_custom_subarrays, ("SUBARRAY", "APERTURE")
    ),
}
