"""The order of file names by age.

Only names are compared, not contents or the catalog. Three styles of names have followed each other, and some
pairs of styles have no order.

Notes
-----
Source: ``newer`` in ``crds.core.naming``; website, section 8.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from apps.rules.observatories import known_names

NOT_APPLICABLE = "N/A"
NUMBERED = "crds"
OLDEST = "oldcdbs"

# The styles have the client's words, because its message about names without order shows them. The first form
# that fits counts, because tables of synphot are also named by time.
_TIMED: Mapping[str, re.Pattern[str]] = {
    "oldsynphot": re.compile(r"[A-Za-z][A-Za-z0-9]{7}m_(?:tmc|tmg|tmt)\.[A-Za-z0-9]{1,6}"),
    "newsynphot": re.compile(r"[0-9][A-Za-z0-9]{7}m_(?:tmc|tmg|tmt)\.[A-Za-z0-9]{1,6}"),
    "oldcdbs": re.compile(r"[A-Za-z][A-Za-z0-9]{8}_[A-Za-z0-9]{1,8}\.[A-Za-z0-9]{1,6}"),
    "newcdbs": re.compile(r"[0-9][A-Za-z0-9]{8}_[A-Za-z0-9]{1,8}\.[A-Za-z0-9]{1,6}"),
}
# The style of the newer name is first.
_ORDERED = frozenset((("crds", "oldcdbs"), ("newcdbs", "oldcdbs"), ("newsynphot", "oldsynphot")))

_GEIS = re.compile(r"\.r[0-9][hd]")
_RANKS: Mapping[str, int] = {".fits": 1, ".json": 2, ".yaml": 3, ".asdf": 4}
_OTHER_RANK = 5
_SERIAL = re.compile(r"_([0-9]{1,40})\.[A-Za-z0-9_]")


def style_of(name: str) -> str:
    """Return the style of a name. Names of no known style count as the oldest.

    Examples
    --------
    >>> names = ("tobs_tinstr_dark_0057.fits", "s7g1700gl_dead.fits", "16n1832tm_tmc.fits")
    >>> [style_of(name) for name in names]
    ['crds', 'oldcdbs', 'newsynphot']
    """
    if name == NOT_APPLICABLE or name.startswith(known_names()):
        return NUMBERED
    return next((style for style, form in _TIMED.items() if form.fullmatch(name)), OLDEST)


def is_newer(name: str, than: str) -> bool | None:
    """Return whether `name` is newer than `than`. A name is not newer than itself.

    Returns
    -------
    bool or None
        None if the styles of the two names have no order.

    Examples
    --------
    >>> is_newer("tobs_tinstr_deadtab_0002.fits", "tobs_tinstr_deadtab_0001.fits"), is_newer("N/A", "x.fits")
    (True, False)
    >>> is_newer("tobs_tinstr_deadtab_0001.fits", "17g1700gl_dead.fits") is None
    True
    """
    if name == NOT_APPLICABLE:
        return False
    if than == NOT_APPLICABLE:
        return True
    styles = style_of(name), style_of(than)
    if styles == (NUMBERED, NUMBERED):
        return _numbered_age(name) > _numbered_age(than)
    if styles[0] == styles[1]:
        return name > than
    if styles in _ORDERED:
        return True
    return False if styles[::-1] in _ORDERED else None


def _numbered_age(name: str) -> tuple[int, int]:
    """Return the sort key of a numbered name: first the format, then the serial within it."""
    serial = _SERIAL.search(name)
    return _rank(PurePosixPath(name).suffix), int(serial[1]) if serial else -1


def _rank(extension: str) -> int:
    return 0 if _GEIS.match(extension) else _RANKS.get(extension, _OTHER_RANK)
