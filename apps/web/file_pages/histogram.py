"""A histogram as a path of an SVG picture."""

import math
from dataclasses import dataclass

from apps.certify.quick_looks.values import Numbers

WIDTH, HEIGHT = 320, 96  # units of the picture, without the line of numbers below


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram as the template draws it.

    Attributes
    ----------
    path
        All bars, their heights logarithmic.
    most
        Count of the highest bar.
    is_cut
        There are values outside.
    """

    path: str
    low: str
    high: str
    most: str
    is_cut: bool


def histogram_of(numbers: Numbers | None) -> Histogram | None:
    """Return the histogram of an array, or None if its values do not differ."""
    if numbers is None or not any(numbers.histogram) or numbers.low is None or numbers.high is None:
        return None
    highest = math.log1p(max(numbers.histogram))
    width = WIDTH / len(numbers.histogram)
    bars = []
    for position, count in enumerate(numbers.histogram):
        if count:
            # A bar with a count above zero must be visible.
            height = max(1.5, HEIGHT * math.log1p(count) / highest)
            bars.append(f"M{position * width:.4g} {HEIGHT}v-{height:.4g}h{width:.4g}v{height:.4g}z")
    return Histogram(
        path="".join(bars),
        low=f"{numbers.low:.6g}",
        high=f"{numbers.high:.6g}",
        most=f"{max(numbers.histogram):,}",
        is_cut=sum(numbers.histogram) < numbers.sampled,
    )
