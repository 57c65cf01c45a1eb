"""Moments as the wire writes them, and as headers do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from apps.datasets.errors import BadTimestampError
from apps.rules.dates import parse_date, usual_date
from apps.rules.errors import LookupFailure
from apps.rules.observatories import Observatory

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?", re.ASCII)


def parse_moment(text: str) -> datetime:
    """Return the moment of ``YYYY-MM-DD[( |T)HH:MM[:SS[.ffffff]]]``, aware UTC; a bare date is its midnight.

    Raises
    ------
    BadTimestampError
        Raised for any other text, and for a day the calendar does not have.

    Examples
    --------
    >>> parse_moment("2016-01-01T12:30:00").isoformat()
    '2016-01-01T12:30:00+00:00'
    """
    # The calendar has not every day that looks like one.
    with suppress(ValueError):
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
    raise BadTimestampError(
        f"{text[:100]!r} is not a timestamp; one looks like 2016-01-01 or 2016-01-01 12:30:00."
    )


def find_observed_at(header: Mapping[str, str], observatory: Observatory) -> datetime | None:
    """Return the start of an exposure, aware UTC, or None if its header tells none that can be read."""
    try:
        # A date that holds the time leaves the time blank.
        text = " ".join(header[key].strip() for key in observatory.useafter_keys).strip()
        # The usual form is read in a third of the time.
        usual = usual_date(text)
        moment = datetime.fromisoformat(usual) if usual else parse_date(text)
        return moment.replace(tzinfo=UTC)
    except (KeyError, LookupFailure, ValueError, IndexError, OverflowError):
        return None
