"""The gains of ACS that are not calibrated."""

from __future__ import annotations

from collections.abc import Mapping

from apps.rules.observatories.observatory import Exemption


def is_test_gain(header: Mapping[str, str]) -> bool:
    """Return whether the exposure used an ACS/WFC gain that is not calibrated.

    Notes
    -----
    Source: ``dnr_check`` in ``crds.hst.locate``.
    """
    return header["DETECTOR"] == "WFC" and float(header["CCDGAIN"]) in (0.5, 1.4)


EXEMPTION = Exemption(("DETECTOR", "CCDGAIN"), is_test_gain)
