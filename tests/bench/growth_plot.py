"""The picture of the growth of a search, drawn from the table in ``docs/benchmarks.md``.

Run by ``python -m tests.bench.growth_plot``; it writes ``docs/images/affected_growth.svg``. Both axes are
logarithmic. Beyond the last measurement a dashed line goes on in proportion to the number of exposures.
"""

import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.roots import PROJECT

SOURCE = PROJECT / "docs" / "benchmarks.md"
TARGET = PROJECT / "docs" / "images" / "affected_growth.svg"
PROJECTED = 100_000_000  # exposures
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 44, 40, 48
FEWEST, MOST = 10_000, PROJECTED
SHORTEST, LONGEST = 1.0, 1000.0  # seconds
_ROW = re.compile(r"\| ([0-9,]+)[^|]*\| ([0-9.]+) \+ ([0-9.]+) s \| ([0-9.]+) \+ ([0-9.]+) s \|")


@dataclass(frozen=True)
class Line:
    """One pair of contexts: exposures and seconds of CPU, ours and the database's together."""

    title: str
    colour: str
    points: Sequence[tuple[float, float]]


def read_lines(text: str) -> list[Line]:
    """Return the lines of the table of growth, which begins with the column ``exposures``."""
    table = text[text.index("| exposures |") :].split("\n\n", 1)[0]
    rows = [[float(each.replace(",", "")) for each in found.groups()] for found in _ROW.finditer(table)]
    small = [(row[0], row[1] + row[2]) for row in rows]
    large = [(row[0], row[3] + row[4]) for row in rows]
    return [
        Line("hst_0600 to hst_0729, all types", "#b3541e", large),
        Line("hst_0728 to hst_0729, one step", "#1f6fb2", small),
    ]


def _x(exposures: float) -> float:
    share = math.log(exposures / FEWEST) / math.log(MOST / FEWEST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(seconds: float) -> float:
    share = math.log(seconds / SHORTEST) / math.log(LONGEST / SHORTEST)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _place(point: tuple[float, float]) -> str:
    return f"{_x(point[0]):.1f},{_y(point[1]):.1f}"


def draw(lines: Sequence[Line]) -> str:
    """Return the picture as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' font-family="sans-serif" font-size="12">',
        "<title>CPU of a search for affected datasets against the number of exposures</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for power in range(4, 9):
        place = f"{_x(10**power):.1f}"
        parts.append(f'<line x1="{place}" x2="{place}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#dddddd"/>')
        parts.append(
            f'<text x="{place}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10**power:,}</text>'
        )
    for seconds in (1, 10, 100, 1000):
        place = f"{_y(seconds):.1f}"
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place}" y2="{place}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{place}" dy="4" text-anchor="end">{seconds} s</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">exposures</text>')
    for number, line in enumerate(lines):
        parts += _drawn(line, number)
    return "\n".join([*parts, "</svg>", ""])


def _drawn(line: Line, number: int) -> list[str]:
    last = line.points[-1]
    end = (PROJECTED, min(LONGEST, last[1] * PROJECTED / last[0]))
    places = " ".join(map(_place, line.points))
    dots = [
        f'<circle cx="{_x(each):.1f}" cy="{_y(seconds):.1f}" r="3.5" fill="{line.colour}"/>'
        for each, seconds in line.points
    ]
    left = LEFT + number * 260
    return [
        f'<polyline points="{places}" fill="none" stroke="{line.colour}" stroke-width="2"/>',
        f'<polyline points="{_place(last)} {_place(end)}" fill="none" stroke="{line.colour}"'
        ' stroke-width="2" stroke-dasharray="5 5"/>',
        *dots,
        f'<rect x="{left}" y="12" width="12" height="12" fill="{line.colour}"/>',
        f'<text x="{left + 18}" y="22">{line.title}</text>',
    ]


def main() -> None:
    """Write the picture."""
    TARGET.write_text(draw(read_lines(Path(SOURCE).read_text())))
    sys.stdout.write(f"{TARGET}\n")


if __name__ == "__main__":
    main()
