"""Moments as the wire writes them, and as headers do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from apps.datasets.errors import BadTimestampError
from apps.rules.dates import parse_date, parse_timestamp, usual_date
from apps.rules.errors import LookupFailure
from apps.rules.observatories import Observatory


def parse_moment(text: str) -> datetime:
    """Return the moment of a timestamp as `rules.dates.parse_timestamp` reads it, aware UTC.

    Raises
    ------
    BadTimestampError
        Raised for any other text, and for a day the calendar does not have.

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
