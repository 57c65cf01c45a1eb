"""Moments in the form of the wire and in the form of headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from apps.datasets.errors import BadTimestampError
from apps.rules.dates import parse_date, parse_timestamp, usual_date
from apps.rules.errors import LookupFailure
from apps.rules.observatories import Observatory


def parse_moment(text: str) -> datetime:
    """Return the moment of a timestamp that `rules.dates.parse_timestamp` can read, aware UTC.

    Raises
    ------
    BadTimestampError
        Raised for any other text, and for a day that is not in the calendar.

    Examples
    --------
    >>> parse_moment("2016-01-01T12:30:00").isoformat()
    '2016-01-01T12:30:00+00:00'
    """
    try:
        return parse_timestamp(text).replace(tzinfo=UTC)
    except ValueError:
        raise BadTimestampError(
            f"{text[:100]!r} is not a timestamp; one looks like 2016-01-01 or 2016-01-01 12:30:00."
        ) from None


def find_observed_at(header: Mapping[str, str], observatory: Observatory) -> datetime | None:
    """Return the start of an exposure, aware UTC, or None if its header has no readable start."""
    try:
        # If the date holds the time, the time keyword is blank.
        text = " ".join([header[key].strip() for key in observatory.useafter_keys]).strip()
        # Reading the usual form here takes a third of the time.
        usual = usual_date(text)
        if usual:
            return datetime.fromisoformat(f"{usual}+00:00")
        return parse_date(text).replace(tzinfo=UTC)
    except (KeyError, LookupFailure, ValueError, IndexError, OverflowError):
        return None
