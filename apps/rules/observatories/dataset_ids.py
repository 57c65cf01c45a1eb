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

__all__ = ["LONGEST_NAME", "DatasetIds"]

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
    exposure_type_keys
        Header keys that tell the kind of exposure; the first one that is there counts.
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
    exposure_type_keys: tuple[str, ...] = ()

    def normalize(self, half: str) -> str:
        """Return one half of an id as archives write it.

        Examples
        --------
        >>> grammar = DatasetIds((), (), re.compile(""), (), detector=re.compile("(N[0-9]+)_(RED|BLUE)"))
        >>> grammar.normalize(" n20260102_red ")
        'N20260102.RED'
        """
        half = half.strip().upper()
        if self.detector and len(half) <= LONGEST_NAME and (parts := self.detector.fullmatch(half)):
            return ".".join(parts.groups())
        return half

    def find_instrument(self, half: str) -> str | None:
        """Return the instrument that took the exposure of this name, or None if the name does not show it.

        Examples
        --------
        >>> grammar = DatasetIds((), ((re.compile("N[0-9]+"), "nirc"),), re.compile(""), ())
        >>> grammar.find_instrument("N20260102"), grammar.find_instrument("BAR")
        ('nirc', None)
        """
        if len(half) > LONGEST_NAME:
            return None
        return next((name for pattern, name in self.instruments if pattern.fullmatch(half)), None)

    def find_in_header(self, header: Mapping[str, str]) -> tuple[str, str] | None:
        """Return product and exposure from the header of a data file, or None.

        Examples
        --------
        >>> from apps.rules.observatories import dataset_ids
        >>> dataset_ids("tobs").find_in_header({"ROOTNAME": "j8bt05njq", "ASN_ID": "J8BT05020"})
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
