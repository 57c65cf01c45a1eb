"""Special cases of WFPC2."""

from __future__ import annotations

from collections.abc import MutableMapping

from apps.rules.observatories.observatory import Hook


def swap_filters(header: MutableMapping[str, str]) -> None:
    """Swap the two filters: the light passes both, but flats were delivered for one order only.

    Notes
    -----
    Source: ``fallback_header_wfpc2_flatfile_v1`` in ``crds.hst.wfpc2``.
    """
    first, second = header["FILTER1"], header["FILTER2"]
    header["FILTER1"], header["FILTER2"] = second, first


HOOKS = {"fallback_header_wfpc2_flatfile_v1": Hook(swap_filters, ("FILTER1", "FILTER2"))}
