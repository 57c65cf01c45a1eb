"""The dataset ids of each observatory, and the form of headers in its archive.

A dataset id has two halves, ``<product>:<exposure>``, in upper case.

Notes
-----
Source: the CRDS client's ``bestrefs --datasets`` and ``list --dataset-headers`` with their help texts; the
file names follow the data handbooks of the three observatories.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LONGEST_NAME", "DatasetIds", "shipped_dataset_ids"]

LONGEST_NAME = 128  # characters of a name that a pattern is tried on


@dataclass(frozen=True, slots=True)
class DatasetIds:
    """The grammar of the dataset ids of one observatory, and the header keys that hold them.

    Attributes
    ----------
    examples
        Ids to show people.
    instruments
        Pattern of one half to the instrument of such exposures; the first that fits counts.
    file_name
        Pattern of the name of a data file, directory excluded and upper case; its groups, joined by a period,
        are one half of the id. The half itself without extension fits as well.
    detector
        Pattern of a half that people write with an underscore before the detector; its two groups, joined by
        a period, are the half as archives write it. None if ids have no detector.
    exposure_keys, product_keys, program_keys
        Header keys of exposure, product and program, the most reliable first.
    no_product
        Values of a product key that mean an exposure is its own product.
    key_prefix
        Prefix that archives omit in front of ``META.``.
    """

    examples: tuple[str, ...]
    instruments: tuple[tuple[re.Pattern[str], str], ...]
    file_name: re.Pattern[str]
    exposure_keys: tuple[str, ...]
    detector: re.Pattern[str] | None = None
    product_keys: tuple[str, ...] = ()
    program_keys: tuple[str, ...] = ()
    no_product: frozenset[str] = frozenset({"", "NONE", "N/A", "UNDEFINED"})
    key_prefix: str = ""

    def normalize(self, half: str) -> str:
        """Return one half of an id as archives write it.

        Examples
        --------
        >>> shipped_dataset_ids("jwst").normalize(" jw88600071001_02101_00001_nrs1 ")
        'JW88600071001_02101_00001.NRS1'
        """
        half = half.strip().upper()
        if self.detector and len(half) <= LONGEST_NAME and (parts := self.detector.fullmatch(half)):
            return ".".join(parts.groups())
        return half

    def find_instrument(self, half: str) -> str | None:
        """Return the instrument that took the exposure of this name, or None if the name does not show it.

        Examples
        --------
        >>> hst = shipped_dataset_ids("hst")
        >>> hst.find_instrument("I9ZF01010"), hst.find_instrument("BAR")
        ('wfc3', None)
        """
        if len(half) > LONGEST_NAME:
            return None
        return next((name for pattern, name in self.instruments if pattern.fullmatch(half)), None)

    def find_in_header(self, header: Mapping[str, str]) -> tuple[str, str] | None:
        """Return product and exposure from the header of a data file, or None.

        Examples
        --------
        >>> shipped_dataset_ids("hst").find_in_header({"ROOTNAME": "j8bt05njq", "ASN_ID": "J8BT05020"})
        ('J8BT05020', 'J8BT05NJQ')
        """
        exposure = next(filter(None, (self._half(header, key) for key in self.exposure_keys)), None)
        if exposure is None:
            return None
        product = next(filter(None, (self._half(header, key) for key in self.product_keys)), None)
        return product or exposure, exposure

    def _half(self, header: Mapping[str, str], key: str) -> str | None:
        value = header.get(key, "").strip().upper()
        if value in self.no_product:
            return None
        parts = self.file_name.fullmatch(value) if len(value) <= LONGEST_NAME else None
        return ".".join(group for group in parts.groups() if group) if parts else None


_HST = DatasetIds(
    examples=("I9ZF01010:I9ZF01DZQ", "J8BT05NJQ"),
    instruments=tuple(
        (re.compile(letter + "[A-Z0-9]{8}"), instrument)
        for letter, instrument in (
            ("I", "wfc3"),
            ("J", "acs"),
            ("L", "cos"),
            ("N", "nicmos"),
            ("O", "stis"),
            ("U", "wfpc2"),
        )
    ),
    file_name=re.compile(r"([A-Z][A-Z0-9]{8})(?:_[A-Z0-9_]*)?(?:\.FITS)?"),
    exposure_keys=("MEMBER_NAME", "DATA_SET_EXP", "ROOTNAME", "FILENAME"),
    product_keys=("ASN_ID", "DATA_SET"),
    program_keys=("PROPOSID",),
)

_JWST_DETECTORS = (
    ("NRC(?:[AB](?:[1-5]|LONG))", "nircam"),
    ("NRS[12]", "nirspec"),
    ("NIS", "niriss"),
    ("MIR(?:IMAGE|IFULONG|IFUSHORT)", "miri"),
    ("GUIDER[12]", "fgs"),
)
_JWST_FILESET = r"JW[0-9]{11}_[A-Z0-9-]+_[A-Z0-9-]+"
_JWST_DETECTOR = "|".join(pattern for pattern, _ in _JWST_DETECTORS)

_JWST = DatasetIds(
    examples=("JW94015004002_02109_00001.MIRIMAGE:JW94015004002_02109_00001.MIRIMAGE",),
    instruments=tuple(
        (re.compile(rf"JW[A-Z0-9_-]+\.{detector}"), instrument) for detector, instrument in _JWST_DETECTORS
    ),
    file_name=re.compile(rf"({_JWST_FILESET})[_.]({_JWST_DETECTOR})(?:_[A-Z0-9_-]*)?(?:\.FITS|\.ASDF)?"),
    detector=re.compile(rf"(JW[A-Z0-9_-]+)_({_JWST_DETECTOR})"),
    exposure_keys=("META.FILENAME", "FILENAME"),
    program_keys=("META.OBSERVATION.PROGRAM_NUMBER", "PROGRAM"),
)

_ROMAN = DatasetIds(
    examples=("R0000101001001001001_0001_WFI01:R0000101001001001001_0001_WFI01",),
    instruments=((re.compile(r"R[A-Z0-9_-]+\.WFI[0-9]{2}"), "wfi"),),
    file_name=re.compile(r"(R[0-9]{19}_(?:[0-9]+_)?[0-9]{4})[_.](WFI[0-9]{2})(?:_[A-Z0-9_-]*)?(?:\.ASDF)?"),
    detector=re.compile(r"(R[A-Z0-9_-]+)_(WFI[0-9]{2})"),
    exposure_keys=("ROMAN.META.FILENAME",),
    program_keys=("ROMAN.META.OBSERVATION.PROGRAM",),
    key_prefix="ROMAN.",
)

# The test observatory names its datasets as Hubble does; no archive holds any.
_BY_OBSERVATORY = {"hst": _HST, "jwst": _JWST, "roman": _ROMAN, "tobs": _HST}


def shipped_dataset_ids(observatory: str) -> DatasetIds:
    """Return the id grammar of an observatory that comes with the server."""
    return _BY_OBSERVATORY[observatory]
