"""The parameters in the address of a difference."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from apps.web.difference_pages.mapping_differences import CONTEXTS

SIDE = "side"


@dataclass(frozen=True, slots=True)
class RequestedDifference:
    """The choices of an address. Unknown choices are ignored and are never an error.

    Attributes
    ----------
    is_side
        Old and new lines stand side by side.
    is_alone
        Of two pmaps or imaps themselves, without those below.
    around
        Equal lines shown around a change.
    part
        Which part of a long text, counted from 1.
    """

    is_side: bool = False
    is_alone: bool = False
    around: int = CONTEXTS[0]
    part: int = 1

    @property
    def query(self) -> dict[str, str]:
        """The parameters of an address that asks for the same, without those that have their default."""
        query = {
            "view": SIDE if self.is_side else "",
            "only": "pair" if self.is_alone else "",
            "lines": str(self.around) if self.around != CONTEXTS[0] else "",
            "part": str(self.part) if self.part != 1 else "",
        }
        return {name: value for name, value in query.items() if value}


def requested_difference(sent: Mapping[str, str]) -> RequestedDifference:
    """Return what an address asks for."""
    part, around = sent.get("part", ""), sent.get("lines", "")
    return RequestedDifference(
        is_side=sent.get("view") == SIDE,
        is_alone=sent.get("only") == "pair",
        around=int(around) if around in map(str, CONTEXTS) else CONTEXTS[0],
        part=int(part) if part.isdecimal() and part.isascii() and len(part) < 6 else 1,
    )


def address(old: str, new: str, choices: RequestedDifference | None = None) -> str:
    """Return the address of the difference of two files by name."""
    query = choices.query if choices else {}
    return f"{reverse('web:difference')}?{urlencode({'file1': old, 'file2': new, **query})}"
