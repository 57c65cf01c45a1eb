"""Dates: read in every form that headers use, and written in the form in which rules compare them.

Notes
-----
Source: ``crds.core.timestamp``. The messages of the errors are part of the answers; that is why they are
plain `ValueError`s.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from apps.rules.errors import LookupFailure

# The form of nearly every header. It needs no calendar, and conditioning does not change it.
_USUAL = re.compile(
    r"[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r" (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,12})?"
)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,12})?")
_T_SEPARATED = re.compile(r"\d{4}[-/]\d\d[-/]\d\dT\d\d(?::\d\d){1,2}(?:\.\d{1,6})?\n?")
_MONTH_NAME = re.compile(r"[A-Za-z]{3}")
_MONTH_DAY_YEAR = re.compile(r"\d\d/\d\d/\d{4}")
_YEAR_MONTH_DAY = re.compile(r"\d{4}/\d\d/\d\d")
_DAY_MONTH_NINETIES = re.compile(r"\d\d/\d\d/9\d")
_DAY_MONTH_THIS_CENTURY = re.compile(r"\d\d/\d\d/[0-3]\d")
_RUN_TOGETHER = re.compile(r"\d{8}:\d{6}")

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# ISO 8601 as callers write it. In an address that is not escaped, the plus sign of an offset becomes a blank.
_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+ -]\d\d:\d\d)?)?", re.ASCII
)

Time = tuple[int, int, int, int]


def parse_timestamp(text: str) -> datetime:
    """Return the moment of ``YYYY-MM-DD[(T| )HH:MM[:SS[.digits]][Z|+HH:MM|-HH:MM]]`` as naive UTC.

    A date alone means its midnight. A time without an offset is UTC. Digits beyond the microsecond are
    dropped.

    Raises
    ------
    ValueError
        Raised for any other text, and for a moment that the calendar does not have.

    Examples
    --------
    >>> parse_timestamp("2016-01-01T12:30:00+02:00") == parse_timestamp("2016-01-01 10:30:00Z")
    True
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:100]!r} is not a timestamp such as 2016-01-01T12:30:00Z")
    date, time, offset = found.groups()
    moment = datetime.fromisoformat(f"{date} {time or '00:00'}{(offset or 'Z').replace(' ', '+')}")
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise ValueError(f"{text!r} is outside the calendar") from None


def usual_date(text: str) -> str | None:
    """Return `text` as `format_date` does, or None if it is unusual and needs a closer look."""
    match = _USUAL.fullmatch(text)
    if match is None:
        return None
    if match.start(1) < 0:
        return text
    microsecond = _microsecond(float(text[17:]))
    return f"{text[:19]}.{microsecond:06d}" if microsecond else text[:19]


def iso_date(text: str) -> str | None:
    """Return `text` as `format_date` does if it is an ISO date and time with a blank between, else None.

    Selectors and hooks all read this form, and read it in the same way.

    Examples
    --------
    >>> iso_date("2009-12-31 00:00:01.5"), iso_date("2009-02-30 00:00:00"), iso_date("31/12/09 00:00:00")
    ('2009-12-31 00:00:01.500000', None, None)
    """
    usual = usual_date(text)
    if usual is not None or _ISO.fullmatch(text) is None:
        return usual
    try:
        return parse_date(text).isoformat(" ")
    except ValueError:
        return None


def format_date(text: str) -> str:
    """Return the moment `text` names as ``YYYY-MM-DD HH:MM:SS[.ffffff]``, which sorts by time.

    Raises
    ------
    LookupFailure
        Raised if a part is UNDEFINED.
    ValueError, IndexError, OverflowError
        Raised if `text` is not a date in a known form.

    Examples
    --------
    >>> [format_date(text) for text in ("2009-05-14 00:00:01.5", "Mar 21 2001 12:00:00 am", "21/12/99 05:42")]
    ['2009-05-14 00:00:01.500000', '2001-03-21 00:00:00', '1999-12-21 05:42:00']
    """
    return usual_date(text) or parse_date(text).isoformat(" ")


def parse_date(text: str) -> datetime:
    """Return the moment `text` names as a naive datetime, as `format_date` does."""
    if "UNDEFINED" in text:
        raise LookupFailure("One or more required date/time values is UNDEFINED")
    text = text.removesuffix(" UT")
    if _T_SEPARATED.fullmatch(text):
        text = text.replace("T", " ")
    if _MONTH_NAME.search(text):
        return _parse_month_name(text)
    return _parse_numbers(text)


def _parse_numbers(text: str) -> datetime:
    text = text.replace("-", "/")
    words = text.split()
    date = words[0]
    time = _parse_time(" ".join(words[1:]) or "00:00:00")
    if _MONTH_DAY_YEAR.fullmatch(date):
        month, day, year = date.split("/")
    elif _YEAR_MONTH_DAY.fullmatch(date):
        year, month, day = date.split("/")
    elif _DAY_MONTH_NINETIES.fullmatch(date):
        day, month, year = date.split("/")
        year = "19" + year
    elif _DAY_MONTH_THIS_CENTURY.fullmatch(date):
        day, month, year = date.split("/")
        year = "20" + year
    elif _RUN_TOGETHER.fullmatch(date):
        year, month, day = date[:4], date[4:6], date[6:8]
        time = int(date[9:11]), int(date[11:13]), int(date[13:15]), 0
    else:
        raise ValueError("Unknown numerical date format: " + repr(text))
    return datetime(int(year), int(month), int(day), *time)  # noqa: DTZ001 (naive UTC, as in the rules)


def _parse_month_name(text: str) -> datetime:
    given = text
    for half in (" am", " pm"):
        while text.lower().endswith(half):
            text = text.lower().replace(half, half.strip())
    words = text.replace("-", " ").replace("/", " ").split()
    if len(words) == 4:
        month, day, year, time = words
    else:
        month, day, year = words
        time = "00:00AM"
    day = day.removesuffix(",")
    try:
        numbers = _date_numbers(month, day, year, given)
    except ValueError:
        # Some dates begin with the day. If this fails too, its error is the one reported.
        numbers = _date_numbers(day, month, year, given)
    return datetime(*numbers, *_parse_time(time))  # noqa: DTZ001 (naive UTC, as in the rules)


def _date_numbers(month: str, day: str, year: str, given: str) -> tuple[int, int, int]:
    number = _month_number(month, given)
    day_number = int(day)
    return int(year), number, day_number


def _month_number(name: str, given: str) -> int:
    try:
        return MONTHS.index(name[:3].capitalize()) + 1
    except ValueError:
        raise ValueError(f"Invalid month value {name!r} in base date {given!r}") from None


def _parse_time(text: str) -> Time:
    """Return hour, minute, second and microsecond. Ignore a fourth part, as the client does."""
    text = text.strip()
    half = text[-2:].upper()
    if half in ("AM", "PM"):
        text = text[:-2]
    parts = text.split(":")
    if len(parts) == 2:
        parts.append("00")
    if len(parts) == 3:
        parts.append("")
    hour, minute, seconds, _rest = parts
    hours, minutes, second = int(hour), int(minute), float(seconds)
    if half == "PM" and hours < 12:
        hours += 12
    elif half == "AM" and hours == 12:
        hours = 0
    return hours, minutes, int(second), _microsecond(second)


def _microsecond(second: float) -> int:
    """Return the microseconds of `second`, truncated, with the same float error as in the client."""
    return int((second - int(second)) * 10**6)
