"""The bar chart of files delivered per year."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count

from apps.catalog import queries as catalog
from apps.catalog.models import File
from apps.catalog.states import FileKind, FileState

WIDTH, HEIGHT = 1160, 150  # units of the picture
_BOTTOM, _TOP = 22, 16  # units left for the years and for the highest number
_MOST_YEARS = 40


@dataclass(frozen=True, slots=True)
class Year:
    """The numbers of one year, and its bars in units of the picture."""

    year: int
    references: int
    mappings: int
    left: int
    middle: int
    width: int
    top: int
    height: int
    mappings_top: int
    mappings_height: int


@dataclass(frozen=True, slots=True)
class DeliveryChart:
    """All years from the first delivery to the last."""

    years: tuple[Year, ...]
    most: int
    width: int = WIDTH
    height: int = HEIGHT
    base: int = HEIGHT - _BOTTOM


_drawn: dict[tuple[object, int], list[DeliveryChart | None]] = {}


def chart() -> DeliveryChart | None:
    """Return the chart, or None if nothing was delivered; it is kept until the catalog changes."""
    identity = (settings.STORE_ROOT, catalog.revision())
    if known := _drawn.get(identity):
        return known[0]
    drawn = draw(_counts())
    _drawn.clear()
    _drawn[identity] = [drawn]
    return drawn


def _counts() -> dict[int, dict[str, int]]:
    """Return the number of files by year and kind."""
    rows = File.objects.exclude(state=FileState.UPLOADED).order_by()
    found: dict[int, dict[str, int]] = {}
    for moment, kind, count in rows.values_list("delivered_at", "kind").annotate(count=Count("pk")):
        of_year = found.setdefault(moment.year, {})
        of_year[kind] = of_year.get(kind, 0) + count
    return found


def draw(counts: dict[int, dict[str, int]]) -> DeliveryChart | None:
    """Return the chart of numbers by year and kind; years without deliveries have empty bars."""
    if not counts:
        return None
    last = max(counts)
    first = max(min(counts), last - _MOST_YEARS + 1)
    most = max(sum(kinds.values()) for kinds in counts.values())
    step = WIDTH // (last - first + 1)
    years = (
        _year(year, counts.get(year, {}), place * step, step, most)
        for place, year in enumerate(range(first, last + 1))
    )
    return DeliveryChart(tuple(years), most)


def _year(year: int, kinds: dict[str, int], left: int, step: int, most: int) -> Year:
    references, mappings = kinds.get(FileKind.REFERENCE, 0), kinds.get(FileKind.MAPPING, 0)
    base = HEIGHT - _BOTTOM
    high, low = _scaled(references, most, base), _scaled(mappings, most, base)
    width = min(48, max(3, step * 3 // 4))
    return Year(
        year=year,
        references=references,
        mappings=mappings,
        left=left + (step - width) // 2,
        middle=left + step // 2,
        width=width,
        top=base - high - low,
        height=high,
        mappings_top=base - low,
        mappings_height=low,
    )


def _scaled(count: int, most: int, base: int) -> int:
    """Return the height of a bar: at least 1 unit for any count above 0, so that it can be seen."""
    return max(1, round(count / most * (base - _TOP))) if count else 0
