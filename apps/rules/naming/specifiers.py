"""Specifiers: the texts by which people name a context.

::

    spec      := literal | symbolic | date | "latest" | "build"
    literal   := file name ending in .pmap, .imap or .rmap
    symbolic  := obs [ "-" instr [ "-" filekind ] ] "-" ( date | tag )
    tag       := "edit" | "operational" | "latest" | "build" | "versions"
    date      := YYYY-MM-DD [ ( "T" | " " ) HH:MM:SS [ "." digits ] [ "Z" | ( "+" | "-" ) HH:MM ] ]

The blank and the offset are additions of this server. A date without an offset is UTC. A filekind may contain
hyphens, so the end is recognised first. Source: wire protocol, section 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from apps.rules.dates import parse_timestamp
from apps.rules.errors import CrdsError
from apps.rules.naming.file_names import is_file_name, is_mapping

MAX_SPECIFIER = 200  # characters

_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = rf"(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_TIME})?)"
_TAG = r"(?P<tag>edit|operational|latest|build|versions)"
_SYMBOLIC = re.compile(
    r"(?P<observatory>[a-z]{2,8})"
    r"(?:-(?P<instrument>[a-z][a-z0-9]{1,16})(?:-(?P<filekind>[a-z][a-z0-9-]{1,32}))?)?"
    rf"-(?:{_DATE}|{_TAG})"
)
_BARE = re.compile(rf"{_DATE}|(?P<tag>latest|build)")


class InvalidDateContextError(CrdsError):
    """A specifier is malformed, or names a context that this server lacks; the code is its wire name."""

    code = "InvalidDateBasedContext"


@dataclass(frozen=True, slots=True)
class Specifier:
    """A parsed specifier: either `literal`, or one of `tag` and `date` with an optional prefix.

    Attributes
    ----------
    literal
        Name of a mapping; all other fields are empty then.
    observatory, instrument, filekind
        The prefix, lower case; parts that were not given are empty.
    tag
        ``edit``, ``latest``, ``versions`` or ``build``; ``operational`` becomes ``latest``.
    date
        Naive UTC, to the microsecond.
    """

    literal: str = ""
    observatory: str = ""
    instrument: str = ""
    filekind: str = ""
    tag: str = ""
    date: datetime | None = None


def parse_specifier(text: str) -> Specifier:
    """Parse a specifier. The context that it names need not exist.

    Raises
    ------
    InvalidDateContextError
        Raised if `text` does not follow the grammar, or its date is not in the calendar.

    Examples
    --------
    >>> parse_specifier("keckao-liger-dark-2014-11-11T00:00:00").filekind
    'dark'
    >>> parse_specifier("keckao-operational").tag
    'latest'
    """
    if is_file_name(text) and is_mapping(text):
        return Specifier(literal=text)
    found = None
    if len(text) <= MAX_SPECIFIER:
        found = _BARE.fullmatch(text) or _SYMBOLIC.fullmatch(text)
    if found is None:
        raise InvalidDateContextError(
            f"{text[:MAX_SPECIFIER]!r} is not a context specification; expected a mapping name, "
            "[<observatory>[-<instrument>[-<type>]]-](<date>|edit|latest|versions|build) or latest or build, "
            "with dates as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, in UTC or with an offset such as +00:00."
        )
    parts = {name: value or "" for name, value in found.groupdict().items()}
    date = _moment(parts.pop("date"), text)
    parts["tag"] = parts["tag"].replace("operational", "latest")
    return Specifier(date=date, **parts)


def _moment(text: str, whole: str) -> datetime | None:
    if not text:
        return None
    try:
        return parse_timestamp(text)
    except ValueError as exc:
        raise InvalidDateContextError(
            f"Bad date {text!r} in context specification {whole!r}: {exc}."
        ) from None
