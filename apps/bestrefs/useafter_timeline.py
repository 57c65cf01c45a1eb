"""A strip of useafter dates: which reference applies when, with the observation marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.rules.dates import parse_date
from apps.rules.errors import LookupFailure
from apps.rules.lookup.lookup_record import DateTrace

WIDTH = 960  # units of the picture
MOST = 60  # bars drawn
TICKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """The time during which one reference is the latest."""

    left: float
    width: float
    since: str
    reference: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """A picture, in units of which it is `WIDTH` wide.

    Attributes
    ----------
    observed
        Place of the observation.
    ticks
        Places of years, with the year.
    left_out
        Number of dates that are not drawn.
    """

    bars: tuple[Bar, ...]
    observed: float
    ticks: tuple[tuple[float, str], ...]
    left_out: int


def strip_of(dates: DateTrace) -> Strip | None:
    """Return the strip of a search through dates, None if there is nothing to draw or a date is odd."""
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
        Bar(
            place(since),
            round(max(place(until) - place(since), 1.5), 1),
            date,
            reference,
            date == dates.chosen,
        )
        for since, until, (date, reference) in zip(moments, ends, rows, strict=True)
    )
    return Strip(bars, place(observed), _ticks(start, end, place), dates.count - len(rows))


def _around(dates: DateTrace) -> Sequence[tuple[str, str]]:
    """Return the rows around the chosen one."""
    known = [date for date, _reference in dates.rows]
    middle = known.index(dates.chosen) if dates.chosen in known else 0
    first = max(0, min(middle - MOST // 2, len(known) - MOST))
    return dates.rows[first : first + MOST]


def _span(moments: Sequence[datetime], observed: datetime) -> tuple[datetime, datetime]:
    """Return what the picture shows: all dates and the observation, each with room beside it.

    The first date is often long before the first light of the instrument; then most of its time is left out.
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
