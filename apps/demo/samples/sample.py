"""The description of a small reference, as a value."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from apps.rules.errors import CrdsError


class SampleError(CrdsError):
    """A description from which no sample can be made."""

    code = "sample"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A reference to be made.

    Attributes
    ----------
    name
        Official name; its extension decides the format, and the name decides the pixel values.
    instrument, reftype
        Lower case.
    keywords
        Matching parameters by FITS keyword such as ``DETECTOR``. A value like ``FULL|SUB64`` lists
        alternatives: the file holds the last one, and all of them in the pattern keyword beside it.
    useafter
        Naive UTC; microseconds are not written.
    pedigree
        ``GROUND``, ``MODEL``, ``DUMMY``, ``SIMULATION`` or ``INFLIGHT <first> <last>`` with dates.
    content
        Content that the format of the reftype does not define: rows of a table, or the content of a JSON
        file.
    """

    name: str
    instrument: str
    reftype: str
    useafter: datetime
    keywords: Mapping[str, str] = field(default_factory=dict)
    author: str = "CRDS demo"
    pedigree: str = "GROUND"
    description: str = "Small sample"
    history: str = "Made as a small sample; not for science."
    content: Mapping[str, object] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """A number made from the name."""
        return zlib.crc32(self.name.encode())

    @property
    def useafter_text(self) -> str:
        """The useafter date as JWST references write it."""
        return f"{self.useafter:%Y-%m-%dT%H:%M:%S}"
