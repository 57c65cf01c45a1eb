"""Official names of delivered files.

Nothing here remembers the names that are taken. Callers pass them, and hold the lock that keeps them valid.

Notes
-----
Source: website, section 8.3; ``generate_timestamp`` in the client's ``locate``.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from datetime import datetime, timedelta

from apps.rules.errors import CrdsError
from apps.rules.observatories import Observatory

# The resolution of a timed name.
SLOT = timedelta(seconds=2)
EPOCH = 1990  # year
YEARS = "abcdefghijklmnopqrstuvwxyz0123456789"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
DIGITS_OF_SERIAL = 4

_OBSERVATORY = re.compile(r"[a-z]{2,8}")  # The client accepts no longer one in the name of a context.
_INSTRUMENT = re.compile(r"[a-z][a-z0-9]{1,16}")
_FILEKIND = re.compile(r"[a-z][a-z0-9-]{1,32}")
_EXTENSION = re.compile(r"\.(?:pmap|imap|rmap|fits|asdf|json|yaml|text|r[0-9][hd])")


class NamingError(CrdsError):
    """An official name cannot be made from the given parts."""

    code = "naming"


def keeps_name(observatory: Observatory, *, instrument: str, filekind: str) -> bool:
    """Return whether references of a type keep the name they arrive with, whatever the submitter asks for."""
    timed = observatory.timed_names
    return timed is not None and (instrument, filekind) in timed.kept


def is_timed(observatory: Observatory) -> bool:
    """Return whether references are named by time. Such a file contains its name, so a rename rewrites it."""
    return observatory.timed_names is not None


def stem(observatory: Observatory, *, instrument: str = "", filekind: str = "") -> str:
    """Return the part of a name before the serial. A pmap has no instrument, and an imap no filekind.

    Raises
    ------
    NamingError
        Raised if a part has a form that clients do not accept.

    Examples
    --------
    >>> from apps.rules.observatories import get_observatory
    >>> stem(get_observatory("tobs"), instrument="tinstr", filekind="pars-outlier")
    'tobs_tinstr_pars-outlier'
    """
    parts = [(_OBSERVATORY, observatory.name, "observatory")]
    if instrument or filekind:
        parts.append((_INSTRUMENT, instrument, "instrument"))
    if filekind:
        parts.append((_FILEKIND, filekind, "reference type"))
    for form, part, what in parts:
        if not form.fullmatch(part):
            raise NamingError(f"{part!r} cannot be the {what} in an official name.")
    return "_".join(part for _form, part, _what in parts)


def numbered_name(stem: str, extension: str, serial: int) -> str:
    """Return the name of a mapping, or of a reference in an observatory that numbers references.

    Raises
    ------
    NamingError
        Raised if the extension is not one of CRDS, or `serial` is negative.

    Examples
    --------
    >>> numbered_name("tobs_tinstr_flat", ".fits", 12)
    'tobs_tinstr_flat_0012.fits'
    """
    _require_extension(extension)
    if serial < 0:
        raise NamingError(f"{serial} is not a serial.")
    return f"{stem}_{serial:0{DIGITS_OF_SERIAL}d}{extension}"


def next_serial(stem: str, extension: str, names: Iterable[str]) -> int:
    """Return the serial after the highest one in `names` for a stem and an extension; 1 if there is none.

    Parameters
    ----------
    names
        All names ever given, confirmed or pending. Other names are ignored. A mapping without serial counts
        as 0.

    Examples
    --------
    >>> next_serial("tobs_tinstr_flat", ".fits", ["tobs_tinstr_flat_0010.asdf", "tobs_tinstr_flat_0009.fits"])
    10
    """
    form = re.compile(rf"{re.escape(stem)}(?:_([0-9]{{{DIGITS_OF_SERIAL},9}}))?{re.escape(extension)}")
    found = (form.fullmatch(name) for name in names)
    return max((int(match[1] or 0) for match in found if match), default=0) + 1


def time_code(moment: datetime) -> str:
    """Return the eight characters that encode a moment with a resolution of two seconds.

    The codes repeat after 36 years.

    Parameters
    ----------
    moment
        UTC.

    Examples
    --------
    >>> time_code(datetime(2015, 12, 5, 21, 41, 50)), time_code(datetime(2026, 11, 20, 8, 5, 9))
    ('zc52141p', 'abk08054')
    """
    return (
        YEARS[(moment.year - EPOCH) % len(YEARS)]
        + DIGITS[moment.month]
        + DIGITS[moment.day]
        + f"{moment.hour:02d}{moment.minute:02d}"
        + DIGITS[moment.second // 2]
    )


def timed_name(
    observatory: Observatory, *, instrument: str, filekind: str, extension: str, moment: datetime
) -> str:
    """Return the name of a reference for the moment (UTC) of its naming.

    Raises
    ------
    NamingError
        Raised if the observatory numbers its references, or has no such type.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from apps.rules.observatories import get_observatory
    >>> from apps.rules.observatories.observatory import TimedNames
    >>> named_by_time = replace(get_observatory("tobs"), timed_names=TimedNames({"tinstr": "t"}))
    >>> where = {"instrument": "tinstr", "filekind": "tfilekind", "extension": ".fits"}
    >>> timed_name(named_by_time, **where, moment=datetime(2015, 12, 5, 21, 41, 50))
    'zc52141pt_tfk.fits'
    """
    _require_extension(extension)
    timed = observatory.timed_names
    facts = observatory.types.get(instrument, {}).get(filekind)
    if timed is None or facts is None or instrument not in timed.characters:
        raise NamingError(
            f"{observatory.title} does not name references of type {filekind!r} of {instrument!r} by time."
        )
    return f"{time_code(moment)}{timed.characters[instrument]}_{facts['suffix']}{extension}"


def next_timed_name(
    observatory: Observatory,
    *,
    instrument: str,
    filekind: str,
    extension: str,
    moment: datetime,
    taken: Container[str],
) -> tuple[str, datetime]:
    """Return the first name from `moment` on that is not taken, and the moment that it encodes.

    The next file of the same submission passes this moment on, so nobody waits two seconds per file.
    """
    while True:
        name = timed_name(
            observatory, instrument=instrument, filekind=filekind, extension=extension, moment=moment
        )
        if name not in taken:
            return name, moment
        moment += SLOT


def _require_extension(extension: str) -> None:
    if not _EXTENSION.fullmatch(extension):
        raise NamingError(f"{extension!r} is not an extension of CRDS files.")
