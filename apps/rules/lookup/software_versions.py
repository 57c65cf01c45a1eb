"""Software versions as rules compare them.

Notes
-----
Source: ``VersionRelation`` and ``VersionAfterSelector`` in ``crds.core.selectors``.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from numbers import Number
from typing import Any

MAX_TEXT = 100

_VERSION = re.compile(r"(\d{1,8}(?:\.\d{1,8}(?:\.\d{1,8})?)?)[a-zA-Z0-9_+\-.]{0,128}")
_RELATION = re.compile(r"([<=]=?|default)(.*)")

Version = tuple[int, int, int]


def parse_version(text: Any) -> Version:
    """Return the first three numbers of a version, with zeros for missing ones. Ignore the rest of the text.

    Raises
    ------
    ValueError
        Raised if `text` is not a version.

    Examples
    --------
    >>> parse_version("0.13.2a.dev185"), parse_version("5.2")
    ((0, 13, 2), (5, 2, 0))
    """
    match = _VERSION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"Invalid version string {text!r}")
    numbers = [int(part) for part in match[1].split(".")]
    major, minor, micro = numbers + [0] * (3 - len(numbers))
    return major, minor, micro


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation such as ``< 5`` or ``= 4.5``, or ``default``, which is later than any version.

    Attributes
    ----------
    text
        The text as written, with a sign.
    version
        A number or a tuple of numbers.
    sign
        ``<``, ``=`` or ``<=``. Relations of equal versions sort in the order ``<``, ``<=``, ``=``.
    """

    text: str
    version: Any
    sign: str

    @classmethod
    def parse(cls, text: str) -> Relation:
        """Return the relation that `text` describes; without a sign it means ``=``.

        Raises
        ------
        ValueError
            Raised if `text` is not a relation.
        """
        if text.replace("=", "").strip() == "default":
            return cls(text, sys.maxsize, "=")
        if len(text) > MAX_TEXT:
            raise ValueError(f"version expression of {len(text)} characters")
        if not text.startswith(("<", "=")):
            text = "=" + text
        match = _RELATION.fullmatch(text)
        if match is None:
            raise ValueError(f"Illegal version expression in: {text!r}")
        try:
            version = ast.literal_eval(match[2].strip())
        except ValueError:
            raise ValueError(f"Invalid version expression in: {text!r}") from None
        return cls(text, version, match[1].replace("==", "="))

    def __lt__(self, other: Relation) -> bool:
        """Order by version, then sign; versions of different types have no order."""
        numbers = isinstance(self.version, Number) and isinstance(other.version, Number)
        if not numbers and not isinstance(self.version, type(other.version)):
            raise ValueError(f"Incompatible version expression types: {self.version} and {other.version}")
        return bool((self.version, self.sign) < (other.version, other.sign))
