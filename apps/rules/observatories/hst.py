"""Hubble Space Telescope."""

from __future__ import annotations

from collections.abc import Mapping

from apps.rules.observatories import hst_acs, hst_wfc3, hst_wfpc2
from apps.rules.observatories.observatory import Exemption, Observatory, TimedNames, generated_facts


def _is_test_gain(header: Mapping[str, str]) -> bool:
    """Return whether the exposure used an ACS/WFC gain that is not calibrated.

    Notes
    -----
    Source: ``dnr_check`` in ``crds.hst.locate``.
    """
    return header["DETECTOR"] == "WFC" and float(header["CCDGAIN"]) in (0.5, 1.4)


OBSERVATORY = Observatory(
    name="hst",
    title="HST",
    instrument_key="INSTRUME",
    useafter_keys=("DATE-OBS", "TIME-OBS"),
    hooks={"acs": hst_acs.HOOKS, "wfc3": hst_wfc3.HOOKS, "wfpc2": hst_wfpc2.HOOKS},
    exemption=Exemption(("DETECTOR", "CCDGAIN"), _is_test_gain),
    timed_names=TimedNames(
        characters={
            "acs": "j",
            "cos": "l",
            "nicmos": "n",
            "stis": "o",
            "synphot": "m",
            "wfc3": "i",
            "wfpc2": "u",
        },
        kept=frozenset({("synphot", "thruput"), ("synphot", "thermal")}),
    ),
    checked_keywords=("COMMENT",),
    compliance_checks=("fits", "certify"),
    **generated_facts("hst"),
)
