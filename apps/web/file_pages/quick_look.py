"""The inside of a reference on its page: the part of the quick look that the address asks for.

A file with many HDUs has more cards than a page should carry: of those beyond `CARDS_SHOWN` the page leads to
the HDU alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from apps.catalog import quick_looks
from apps.catalog.models import File
from apps.catalog.quick_looks import LookState, Status
from apps.certify.quick_looks.values import (
    VERSION,
    Card,
    FilePart,
    Node,
    Numbers,
    Picture,
    QuickLook,
    TableColumn,
)
from apps.web.file_pages.histogram import Histogram, histogram_of
from apps.web.file_pages.table_links import table_address

CARDS_SHOWN = 600  # of all HDUs together,
CARDS_SHOWN_OF_ONE = 1500  # and of the one that the address names
PANES_SHOWN = 60  # HDUs or arrays; a table lists the others, too.
LONGEST_FILTER = 80  # characters
_OURS = ("card", "part")  # The parameters of this pane.


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture: its address, and the values that are black and white in it."""

    address: str
    stretch: str
    low: str
    high: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Pane:
    """One HDU or array.

    Attributes
    ----------
    anchor, address
        Its name on the page, and its address, which is another page unless it `is_shown`.
    dimensions
        FITS: first axis first, in the order of the keywords; arrays: slowest axis first.
    cards, cards_count
        The cards that are shown, and the number of all cards of the header.
    more
        Address of the other cards; empty if all are here.
    facts
        A description of its values in words and numbers.
    is_small
        Whether each pixel of the picture is larger than one of the screen.
    table
        Address of all rows of a table; empty for other parts.
    """

    part: FilePart
    anchor: str
    address: str
    title: str
    dimensions: str
    size: str
    cards: tuple[Card, ...]
    cards_count: int
    more: str
    facts: tuple[tuple[str, str], ...]
    histogram: Histogram | None
    pictures: tuple[Shown, ...]
    plane: str
    is_small: bool
    is_shown: bool
    is_open: bool
    table: str

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """Columns of a table."""
        return self.part.columns

    @property
    def row_numbers(self) -> range:
        """Numbers of the rows that are shown of a table."""
        return range(1, 1 + max((len(column.first) for column in self.part.columns), default=0))


@dataclass(frozen=True, slots=True)
class PlaneStep:
    """One step through a tree: `opens` a branch, `closes` it, or a leaf."""

    node: Node | None
    opens: bool = False
    is_open: bool = False
    anchor: str = ""

    @property
    def closes(self) -> bool:
        """Return whether the branch ends here."""
        return self.node is None


@dataclass(frozen=True, slots=True)
class Inside:
    """The inside of a reference as the page shows it, or the reason why it does not.

    Attributes
    ----------
    status
        A word of `Status`.
    ask
        Address to ask for the look, and its status.
    sought
        Text that the headers are filtered by.
    kept
        Other parameters of the address, which the filter keeps.
    found
        Number of cards that pass the filter.
    """

    name: str
    status: str
    reason: str = ""
    ask: str = ""
    json: str = ""
    look: QuickLook | None = None
    panes: tuple[Pane, ...] = ()
    steps: tuple[PlaneStep, ...] = ()
    sought: str = ""
    found: int = 0
    has_cards: bool = False
    kept: tuple[tuple[str, str], ...] = ()


def look_of(file: File, sent: Mapping[str, str] | None = None, *, user: str = "") -> Inside:
    """Return the inside of a reference; ask a worker for the look if there is none yet.

    Parameters
    ----------
    sent
        Parameters of the address: ``card`` filters headers, ``part`` names the HDU or array to open.
    user
        Account that looks at the page; empty for somebody who has not logged in.
    """
    return shown(file, quick_looks.ask_for(file, user=user), sent or QueryDict())


def shown(file: File, state: LookState, sent: Mapping[str, str]) -> Inside:
    """Return the part of a look that the page shows."""
    ask = reverse("web:look_of", args=[file.name])
    if state.status != Status.MADE or state.look is None:
        return Inside(file.name, state.status.value, state.reason, ask)
    look, sought = state.look, sent.get("card", "").strip()[:LONGEST_FILTER]
    kept = tuple((key, value) for key, value in sent.items() if key not in _OURS)
    panes = tuple(_panes(file, look, sought, sent.get("part", ""), kept))
    return Inside(
        name=file.name,
        status=state.status.value,
        ask=ask,
        json=_address(file, "look.json"),
        look=look,
        panes=panes,
        steps=tuple(_steps(look.tree)),
        sought=sought,
        found=sum(pane.cards_count for pane in panes) if sought else 0,
        has_cards=any(part.cards for part in look.parts),
        kept=kept,
    )


def _address(file: File, name: str) -> str:
    # Caches keep pictures forever, so a new look at the same bytes needs a new address: it has the version.
    return f"{reverse('web:look_piece', args=[file.sha1sum, name])}?v={VERSION}"


def _panes(
    file: File, look: QuickLook, sought: str, chosen: str, kept: tuple[tuple[str, str], ...]
) -> Iterator[Pane]:
    room, places = CARDS_SHOWN, PANES_SHOWN
    first = next((part.number for part in look.parts if part.picture), 0)
    for part in look.parts:
        is_chosen = chosen == str(part.number)
        cards = _matching(part.cards, sought)
        is_shown = is_chosen or (places > 0 and (not sought or bool(cards) or not part.cards))
        places -= is_shown
        # A header is shown whole or not at all, unless somebody asked for just this one.
        most = CARDS_SHOWN_OF_ONE if is_chosen else room if len(cards) <= room and is_shown else 0
        room = max(0, room - min(most, len(cards)))
        query = urlencode([*kept, *([("card", sought)] if sought else []), ("part", part.number)])
        alone = f"?{query}#{_anchor(part.number)}"
        yield Pane(
            part=part,
            anchor=_anchor(part.number),
            address=f"#{_anchor(part.number)}" if is_shown else alone,
            title=_title(look, part),
            dimensions=_dimensions(look, part),
            size=f"{part.size:,}",
            cards=cards[:most],
            cards_count=len(cards) if sought else len(part.cards) + part.cards_left,
            more=alone if cards and not most else "",
            facts=_facts(part.numbers) if is_shown else (),
            histogram=histogram_of(part.numbers) if is_shown else None,
            pictures=_pictures(file, part.picture) if is_shown else (),
            plane=_plane(part.picture),
            is_small=part.picture is not None and max(part.picture.width, part.picture.height) <= 256,
            is_shown=is_shown,
            is_open=is_chosen or (bool(cards) if sought else not chosen and part.number == first),
            table=table_address(file.name, part.number) if look.format == "FITS" and part.columns else "",
        )


def _matching(cards: tuple[Card, ...], sought: str) -> tuple[Card, ...]:
    wanted = sought.casefold()
    return tuple(card for card in cards if wanted in f"{card.keyword} {card.value} {card.comment}".casefold())


def _anchor(number: int) -> str:
    return f"part-{number}"


def _title(look: QuickLook, part: FilePart) -> str:
    return f"HDU {part.number} {part.name}".strip() if look.format == "FITS" else part.name


def _dimensions(look: QuickLook, part: FilePart) -> str:
    if "table" in part.type and look.format == "FITS":
        rows, columns = next(iter(part.shape), 0), len(part.columns) + part.columns_left
        return f"{rows:,} row{'' if rows == 1 else 's'}, {columns} column{'' if columns == 1 else 's'}"
    axes = part.shape[::-1] if look.format == "FITS" else part.shape
    return " × ".join(map(str, axes))  # noqa: RUF001 (the sign of multiplication is meant)


def _facts(numbers: Numbers | None) -> tuple[tuple[str, str], ...]:
    if numbers is None:
        return ()
    is_sampled = numbers.sampled < numbers.seen - numbers.odd
    facts = [
        ("Minimum", number(numbers.minimum)),
        ("Maximum", number(numbers.maximum)),
        ("Mean", number(numbers.mean)),
        (f"Median of {numbers.sampled:,} values" if is_sampled else "Median", number(numbers.median)),
        ("Values", f"{numbers.count:,}"),
        ("Not finite (NaN)", f"{numbers.odd:,}"),
    ]
    if numbers.seen < numbers.count:
        facts.append(("Values looked at", f"{numbers.seen:,}"))
    return tuple(facts)


def number(value: float | None) -> str:
    """Return a value with six digits, a dash for none."""
    return "–" if value is None else f"{value:.6g}"  # noqa: RUF001 (a dash is meant)


def _pictures(file: File, picture: Picture | None) -> tuple[Shown, ...]:
    if picture is None:
        return ()
    width, height = -(-picture.width // picture.step), -(-picture.height // picture.step)
    return tuple(
        Shown(_address(file, shade.file), shade.stretch, number(shade.low), number(shade.high), width, height)
        for shade in picture.shades
    )


def _plane(picture: Picture | None) -> str:
    if picture is None:
        return ""
    words = [f"plane {at} of {length}" for at, length in zip(picture.plane, picture.planes, strict=True)]
    if picture.step > 1:
        words.append(f"one pixel in {picture.step} each way")
    return ", ".join(words)


def _steps(nodes: tuple[Node, ...], depth: int = 0) -> Iterator[PlaneStep]:
    for node in nodes:
        if node.array is not None:
            yield PlaneStep(node, anchor=_anchor(node.array))
        elif not node.children:
            yield PlaneStep(node)
        else:
            # The first levels describe the file; the deeper ones are closed until somebody opens them.
            yield PlaneStep(node, opens=True, is_open=depth < 1)
            yield from _steps(node.children, depth + 1)
            yield PlaneStep(None)
