"""Bar charts of events over time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from apps.web.context_pages.time_axis import percent

MOST_MONTHS = 36  # A longer time is counted by quarter,
MOST_QUARTERS = 64  # and a time of more quarters by year.
HIGHEST = 92  # percent of the picture's height
GAP = 0.15  # part of a period's width that is left empty


@dataclass(frozen=True, slots=True)
class ActivityBar:
    """The bar of one period; positions are percent of the picture, as text."""

    left: str
    width: str
    top: str
    height: str
    title: str


@dataclass(frozen=True, slots=True)
class ActivityBars:
    """The chart of numbers per period.

    Attributes
    ----------
    title
        The things that were counted.
    unit
        Length of a period: month, quarter or year.
    marks
        Positions and labels of some periods.
    """

    title: str
    unit: str
    columns: tuple[ActivityBar, ...]
    marks: tuple[tuple[str, str], ...]
    highest: int
    total: int


def find_chart(
    title: str, moments: Sequence[datetime], *, noun: str, span: Sequence[datetime] = ()
) -> ActivityBars | None:
    """Return the chart of the number of `moments` in each period, or None without moments.

    Parameters
    ----------
    noun
        Name of one moment for the title of a bar: ``1 delivery``.
    span
        More moments that the periods must cover, so that two charts have the same periods.
    """
    if not moments:
        return None
    known = [*moments, *span]
    unit, length = _unit(min(known).date(), max(known).date())
    first, last = _number(min(known).date(), length), _number(max(known).date(), length)
    counts = Counter(_number(moment.date(), length) for moment in moments)
    return _bars(title, unit, counts, first, last, length, noun)


def bars_of_years(title: str, years: Mapping[str, int], *, noun: str) -> ActivityBars | None:
    """Return the chart of a number for each year, or None without years."""
    counts = Counter({int(year): number for year, number in years.items() if year.isdecimal()})
    if not counts:
        return None
    return _bars(title, "year", counts, min(counts), max(counts), 12, noun)


def _bars(
    title: str, unit: str, counts: Counter[int], first: int, last: int, length: int, noun: str
) -> ActivityBars:
    highest, place = max(counts.values()), 100 / (last - first + 1)
    columns = tuple(
        ActivityBar(
            left=percent((number - first + GAP / 2) * place),
            width=percent((1 - GAP) * place),
            top=percent(100 - HIGHEST * counts[number] / highest),
            height=percent(HIGHEST * counts[number] / highest),
            title=f"{_name(number, length)}: {counts[number]} {noun}{'' if counts[number] == 1 else 's'}",
        )
        for number in sorted(counts)
    )
    marks = _marks(first, last, length, place)
    return ActivityBars(title, unit, columns, marks, highest, sum(counts.values()))


def _unit(first: date, last: date) -> tuple[str, int]:
    """Return the name of the period, and its length in months."""
    months = _number(last, 1) - _number(first, 1) + 1
    if months <= MOST_MONTHS:
        return "month", 1
    return ("quarter", 3) if months <= MOST_QUARTERS * 3 else ("year", 12)


def _number(day: date, length: int) -> int:
    return (day.year * 12 + day.month - 1) // length


def _name(number: int, length: int) -> str:
    year, month = divmod(number * length, 12)
    if length == 12:
        return str(year)
    return f"{year}-{month + 1:02}" if length == 1 else f"{year} Q{month // 3 + 1}"


def _marks(first: int, last: int, length: int, place: float) -> tuple[tuple[str, str], ...]:
    """Return positions and labels of about eight years, each at its first period."""
    begins = [number for number in range(first, last + 1) if number * length % 12 == 0]
    step = -(-len(begins) // 8) or 1
    return tuple((percent((number - first) * place), str(number * length // 12)) for number in begins[::step])
