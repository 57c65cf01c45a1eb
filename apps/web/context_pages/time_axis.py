"""The time axis of a picture; positions are percent of its width."""

from dataclasses import dataclass
from datetime import datetime, timedelta

TICKS = 8  # approximate maximum
_YEARS = (1, 2, 5, 10, 20, 50, 100)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the picture, and its label."""

    left: str
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The time between two moments, naive UTC."""

    start: datetime
    end: datetime

    def place(self, moment: datetime) -> float:
        """Return the position of a moment in percent; moments outside are at the edges."""
        return max(0.0, min(100.0, 100 * ((moment - self.start) / (self.end - self.start))))

    def ticks(self) -> tuple[Tick, ...]:
        """Return lines at round moments: years, months for less than 3 years, days for less than 60 days."""
        days = (self.end - self.start) / _DAY
        if days > 366 * 3:
            return self._years(next((step for step in _YEARS if days / 365 / step <= TICKS), _YEARS[-1]))
        if days > 60:
            return self._months(max(1, round(days / 30 / TICKS)))
        return self._days(max(1, round(days / TICKS)))

    def _years(self, step: int) -> tuple[Tick, ...]:
        first = -(-self.start.year // step) * step
        years = [datetime(year, 1, 1) for year in range(first, self.end.year + 1, step)]  # noqa: DTZ001
        return self._shown([(year, str(year.year)) for year in years])

    def _months(self, step: int) -> tuple[Tick, ...]:
        first = self.start.year * 12 + self.start.month
        last = self.end.year * 12 + self.end.month
        months = [datetime(number // 12, number % 12 + 1, 1) for number in range(first, last, step)]  # noqa: DTZ001
        return self._shown([(month, f"{month:%Y-%m}") for month in months])

    def _days(self, step: int) -> tuple[Tick, ...]:
        first = self.start.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        days = [first + step * _DAY * number for number in range(TICKS + 2)]
        return self._shown([(day, f"{day:%m-%d}") for day in days])

    def _shown(self, marks: list[tuple[datetime, str]]) -> tuple[Tick, ...]:
        """Return the ticks that are far enough from the edges for their labels."""
        placed = [(self.place(moment), text) for moment, text in marks if self.start < moment < self.end]
        return tuple(Tick(percent(place), text) for place, text in placed if 1 <= place <= 97)


def percent(value: float) -> str:
    """Return a number of percent as SVG writes it.

    Examples
    --------
    >>> percent(12.345)
    '12.35%'
    """
    return f"{round(value, 2):g}%"
