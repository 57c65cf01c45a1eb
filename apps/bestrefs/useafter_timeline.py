"""The timeline of useafter dates: the time in which each reference applies, with the observation marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.rules.dates import parse_date
from apps.rules.errors import LookupFailure
from apps.rules.lookup.lookup_record import DateTrace

WIDTH = 960  # units of the picture
MOST = 60  # bars in a picture
TICKS = 6


@dataclass(frozen=True, slots=True)
class UseafterBar:
    """The time in which one reference is the latest."""

    left: float
    width: float
    since: str
    reference: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class UseafterTimeline:
    """The picture of a timeline; lengths are in units, and the picture is `WIDTH` units wide.

    Attributes
    ----------
    observed
        Position of the observation.
    ticks
        Positions of years, each with its year.
    left_out
        Number of dates that are not drawn.
    """

    bars: tuple[UseafterBar, ...]
    observed: float
    ticks: tuple[tuple[float, str], ...]
    left_out: int


def timeline_of(dates: DateTrace) -> UseafterTimeline | None:
    """Return the timeline of a search through dates; None without dates, or if a date cannot be read."""
    rows = _around(dates)
    try:
        moments = [parse_date(date) for date, _reference in rows]
        observed = parse_date(dates.observed)
        if not rows or sorted(moments) != moments:
            return None
        start, end = _span(moments, observed)
    except (LookupFailure, ValueError, IndexError, OverflowError):
        return None
    total = (end - start).total_seconds()

    def place(moment: datetime) -> float:
        share = (min(max(moment, start), end) - start).total_seconds() / total
        return round(share * WIDTH, 1)

    ends = [*moments[1:], end]
    bars = tuple(
        UseafterBar(
            place(since),
            round(max(place(until) - place(since), 1.5), 1),
            date,
            reference,
            date == dates.chosen,
        )
        for since, until, (date, reference) in zip(moments, ends, rows, strict=True)
    )
    return UseafterTimeline(bars, place(observed), _ticks(start, end, place), dates.count - len(rows))


def _around(dates: DateTrace) -> Sequence[tuple[str, str]]:
    """Return the rows around the chosen one."""
    known = [date for date, _reference in dates.rows]
    middle = known.index(dates.chosen) if dates.chosen in known else 0
    first = max(0, min(middle - MOST // 2, len(known) - MOST))
    return dates.rows[first : first + MOST]


def _span(moments: Sequence[datetime], observed: datetime) -> tuple[datetime, datetime]:
    """Return the first and last moment of the picture: all dates and the observation, with room on each side.

    The first date is often long before the first light of the instrument; then most of that time is left out.
    """
    first, latest = min(moments[0], observed), max(moments[-1], observed)
    second = min([*moments, observed], key=lambda moment: (moment == first, moment))
    margin = max((latest - second) / 12, timedelta(days=30))
    is_long = second - first > latest - second
    return (second if is_long and len(moments) > 1 else first) - margin, latest + margin


def _ticks(
    start: datetime, end: datetime, place: Callable[[datetime], float]
) -> tuple[tuple[float, str], ...]:
    years = range(start.year + 1, end.year + 1)
    step = max(1, -(-len(years) // TICKS))
    return tuple((place(datetime(year, 1, 1)), str(year)) for year in years[::step])  # noqa: DTZ001
