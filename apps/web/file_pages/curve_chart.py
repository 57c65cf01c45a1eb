"""Curves of tables as paths of an SVG picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.certify.table_reading.values import Curve
from apps.web.file_pages.quick_look import number

WIDTH, HEIGHT = 640, 280  # units of the picture, without the line of numbers below


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """One curve: its name, and its path; `place` chooses its colour and dashes."""

    name: str
    path: str
    place: int


@dataclass(frozen=True, slots=True)
class CurveChart:
    """Curves on the same axes, and the ends of the axes."""

    curves: tuple[DrawnCurve, ...]
    left: str
    right: str
    bottom: str
    top: str


def chart_of(curves: Sequence[tuple[str, Curve]]) -> CurveChart | None:
    """Return the curves of files by name on one pair of axes; None if they have no finite point."""
    points = [point for _name, curve in curves for point in curve.points]
    if not points:
        return None
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    bottom, top = min(y for _, y in points), max(y for _, y in points)
    drawn = tuple(
        DrawnCurve(name, _path(curve.points, (left, right), (bottom, top)), place)
        for place, (name, curve) in enumerate(curves, 1)
        if curve.points
    )
    return CurveChart(drawn, number(left), number(right), number(bottom), number(top))


def _path(points: Sequence[tuple[float, float]], across: tuple[float, float], up: tuple[float, float]) -> str:
    places = (f"{_share(x, across) * WIDTH:.1f} {HEIGHT - _share(y, up) * HEIGHT:.1f}" for x, y in points)
    return "M" + "L".join(places)


def _share(value: float, ends: tuple[float, float]) -> float:
    """Return where a value lies between two ends, from 0 to 1; the middle if there is nothing between them.

    Examples
    --------
    >>> [_share(0.0, ends) for ends in ((0.0, 10.0), (0.0, 0.0), (-1e308, 1e308), (0.0, 5e-324))]
    [0.0, 0.5, 0.5, 0.5]
    """
    low, high = ends
    # Halve the numbers first, since the difference of two numbers may overflow.
    width = high / 2 - low / 2
    return (value / 2 - low / 2) / width if width > 0 else 0.5
