"""Days, months and years: the files that were delivered and the contexts that came into use then."""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from apps.catalog.models import File
from apps.catalog.states import FileState
from apps.contexts.models import ContextChange, Pointer
from apps.web.search.hits import Hit, HitGroup, group

_TIME = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", re.ASCII)


def find_times(text: str, most: int) -> HitGroup:
    """Return links to what happened in the day, month or year that a text names."""
    days = _days(text)
    if days is None:
        return HitGroup("Times", ())
    first, last = days
    begin = datetime.combine(first, time(), UTC)
    end = datetime.combine(last, time(), UTC) + timedelta(days=1)
    return group("Times", [*_deliveries(text, first, last, begin, end), *_eras(begin, end, most)], most)


def _days(text: str) -> tuple[date, date] | None:
    """Return the first and the last day that a text names, or None if it names none.

    Examples
    --------
    >>> _days("2024-02")
    (datetime.date(2024, 2, 1), datetime.date(2024, 2, 29))
    >>> _days("2024-13") is None
    True
    """
    found = _TIME.fullmatch(text)
    if found is None or not 1970 <= int(found[1]) <= 9998:
        return None
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    try:
        if day:
            return (date(year, month, day),) * 2
        if month:
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    except ValueError:  # There is no such month or day.
        return None
    return None if found[2] else (date(year, 1, 1), date(year, 12, 31))


def _deliveries(text: str, first: date, last: date, begin: datetime, end: datetime) -> list[Hit]:
    rows = File.objects.filter(delivered_at__gte=begin, delivered_at__lt=end)
    count = rows.exclude(state=FileState.UPLOADED).count()
    if not count:
        return []
    wanted = {"start_date": f"{first:%Y-%m-%d}", "stop_date": f"{last:%Y-%m-%d}", "extension": "*"}
    files = "1 file" if count == 1 else f"{count:,} files"
    address = f"{reverse('web:browse_db')}?{urlencode(wanted)}"
    return [Hit("time", f"Delivered in {text}" if len(text) < 10 else f"Delivered on {text}", files, address)]


def _eras(begin: datetime, end: datetime, most: int) -> list[Hit]:
    """Return the contexts that became the latest one in a span of time."""
    moves = ContextChange.objects.filter(
        pointer=Pointer.LATEST, started_at__gte=begin, started_at__lt=end
    ).order_by("started_at", "pk")
    return [
        Hit(
            "time",
            move.context,
            f"became the latest context on {move.started_at:%Y-%m-%d}",
            reverse("web:context_table", args=[move.context]),
        )
        for move in moves[:most]
    ]
