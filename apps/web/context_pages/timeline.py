"""The timeline of references: a lane for each match case, with a bar for each reference."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from apps.catalog.addresses import file_page
from apps.rules.lookup.rules_as_rows import Listing, RuleRow
from apps.web.context_pages.time_axis import Axis, Tick, percent

LANES = 20  # on one page
BARS = 600  # on one page
NARROWEST = 0.4  # percent of the width; narrower bars are joined
COARSEST = 10  # percent of the width; a picture with too many bars joins bars up to this
COLOURS = 6
FAR = 9000  # Years from here on mean "never" and are not drawn.
EARLIEST = timedelta(days=60)  # shortest time that is shown before the first change

_NO_MATTER = frozenset({"N/A", ""})

# Query parameters of the table above the picture, and of the picture itself.
TABLE_STATE = ("sort", "search", "show", "page")
STATE = ("since", "until", "lanes")

Case = tuple[str, ...]
Dated = tuple[tuple[datetime, str], ...]  # useafter dates, and the references that apply from each


@dataclass(frozen=True, slots=True)
class ReferenceBar:
    """A bar: the references that apply between two moments.

    Attributes
    ----------
    left, width
        Percent of the picture, as text.
    look
        CSS class of its colour: neighbours differ, and a reference has the same colour everywhere.
    address
        The page of the reference; for joined bars, the same picture of a shorter time.
    """

    left: str
    width: str
    look: str
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The lane of one match case.

    Attributes
    ----------
    label
        The matching parameters that differ between the lanes.
    bars, other
        Bars under this context, and under the other context if they differ.
    change
        The difference in a word, or empty.
    """

    label: str
    bars: tuple[ReferenceBar, ...]
    other: tuple[ReferenceBar, ...] = ()
    change: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The lanes of one page.

    Attributes
    ----------
    start, end
        First and last day of the picture.
    other
        The context it is compared with; empty without one, or if nothing differs.
    zoomed_out
        Address of the picture of the whole time; empty if this is it.
    views
        Title and address of the pictures beside this one: closer, wider, earlier and later.
    """

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    start: str
    end: str
    count: int
    changed: int
    other: str
    previous: str
    next: str
    zoomed_out: str
    views: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A reference, or a word in its place, from its useafter date to the next one."""

    start: datetime
    end: datetime
    name: str
    address: str


def find_timeline(
    listing: Listing, other: Listing | None, sent: Mapping[str, str], *, now: datetime, other_name: str = ""
) -> Timeline | None:
    """Return the timeline that an address asks for, or None if the rules do not choose by date.

    Parameters
    ----------
    other
        Rules of the same type under another context, to show the differences.
    sent
        ``since`` and ``until`` (days) limit the time; ``lanes`` is the number of the page.
    now
        Aware UTC; the picture ends there, or at the last useafter date if that is later.
    """
    cases = _cases(listing)
    if not cases:
        return None
    others = _cases(other) if other is not None and other.keys == listing.keys else cases
    order = _order(cases, others)
    edges = _edges([*cases.values(), *others.values()], now.replace(tzinfo=None))
    start, end = _requested_edges(sent, edges)
    pages = -(-len(order) // LANES)
    page = _page(sent.get("lanes", ""), pages)
    shown = order[(page - 1) * LANES : page * LANES]
    axis = Axis(start, end)
    labels, colours = _labels(order, listing), _colours(listing, other)
    named = [(labels[case], cases.get(case, ()), others.get(case, ())) for case in shown]
    changed = sum(cases.get(case) != others.get(case) for case in order)
    return Timeline(
        lanes=_drawn(named, _Painter(axis, colours, NARROWEST, edges[1], _kept(sent, TABLE_STATE))),
        ticks=axis.ticks(),
        start=f"{start:%Y-%m-%d}",
        end=f"{end:%Y-%m-%d}",
        count=len(order),
        changed=changed,
        other=other_name if changed else "",
        previous=_address(_kept(sent, (*TABLE_STATE, *STATE)), lanes=page - 1) if page > 1 else "",
        next=_address(_kept(sent, (*TABLE_STATE, *STATE)), lanes=page + 1) if page < pages else "",
        zoomed_out=_address(_kept(sent, TABLE_STATE), lanes=page) if (start, end) != edges else "",
        views=tuple(_views(start, end, edges, _kept(sent, TABLE_STATE) | {"lanes": str(page)})),
    )


def _views(
    start: datetime, end: datetime, edges: tuple[datetime, datetime], kept: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield title and address of the pictures beside this one that show something else."""
    first, last = edges
    quarter, half = (end - start) / 4, (end - start) / 2
    wanted = (
        ("Closer", start + quarter, end - quarter),
        ("Wider", start - half, end + half),
        ("Earlier", start - half, end - half),
        ("Later", start + half, end + half),
    )
    for title, since, until in wanted:
        days = (max(since, first).date(), min(until, last).date())
        is_new = days != (start.date(), end.date()) and days[0] < days[1]
        if is_new and (title != "Closer" or quarter >= timedelta(days=1)):
            yield title, _address(kept, since=f"{days[0]}", until=f"{days[1]}")


def _kept(sent: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return the query parameters with these names."""
    return {name: sent[name] for name in names if sent.get(name)}


def _address(query: Mapping[str, str], **changes: object) -> str:
    return f"?{urlencode({**query, **changes})}#timeline"


def _page(requested: str, pages: int) -> int:
    is_number = requested.isascii() and requested.isdigit() and len(requested) < 7
    number = int(requested) if is_number else 1
    return max(1, min(number, pages))


def _cases(listing: Listing) -> dict[Case, Dated]:
    """Return the match cases, each with its useafter dates and references in order of time."""
    place = listing.useafter
    found: dict[Case, list[tuple[datetime, str]]] = {}
    for row in listing.rows if place >= 0 else ():
        if date := _date(row.values[place]):
            case = row.values[:place] + row.values[place + 1 :]
            found.setdefault(case, []).append((date, _name(row)))
    return {case: tuple(sorted(dated)) for case, dated in found.items()}


def _date(text: str) -> datetime | None:
    """Return the date of a text of the rules, or None if it is not one or means "never"."""
    try:
        date = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
    return date if date.year < FAR else None


def _name(row: RuleRow) -> str:
    return ", ".join(row.references) or row.word


def _order(cases: Mapping[Case, object], others: Mapping[Case, object]) -> list[Case]:
    """Return all cases; those that differ come first."""
    known = list(dict.fromkeys([*cases, *others]))
    return sorted(known, key=lambda case: cases.get(case) == others.get(case))


def _edges(lanes: Sequence[Dated], now: datetime) -> tuple[datetime, datetime]:
    """Return the time to draw: from a little before the first change until now or the last date.

    The first date of a case often only means "from the beginning". To scale, it would leave no room.
    """
    dates = [date for lane in lanes for date, _name in lane]
    end = max(now, *dates)
    begin = min((lane[1][0] for lane in lanes if len(lane) > 1), default=max(dates))
    lead = max(EARLIEST, (end - begin) / 12)
    return begin - min(lead, begin - min(dates)), end + timedelta(days=1)


def _requested_edges(sent: Mapping[str, str], edges: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """Return the time that an address asks for, or the whole time if its end is not after its start."""
    start = _date(f"{sent.get('since', '')[:10]} 00:00:00") or edges[0]
    end = _date(f"{sent.get('until', '')[:10]} 00:00:00") or edges[1]
    return (start, end) if start < end else edges


def _colours(*listings: Listing | None) -> dict[str, str]:
    """Return the colour of each name; the colours take turns."""
    names = dict.fromkeys(_name(row) for listing in listings if listing for row in listing.rows)
    return {name: f"c{place % COLOURS}" for place, name in enumerate(names)}


def _drawn(lanes: Sequence[tuple[str, Dated, Dated]], painter: "_Painter") -> tuple[Lane, ...]:
    """Return the lanes; join more bars until there are at most `BARS`."""
    drawn = tuple(_lane(label, here, there, painter) for label, here, there in lanes)
    if sum(len(lane.bars) + len(lane.other) for lane in drawn) <= BARS or painter.narrowest > COARSEST:
        return drawn
    return _drawn(lanes, replace(painter, narrowest=2 * painter.narrowest))


def _lane(label: str, here: Dated, there: Dated, painter: "_Painter") -> Lane:
    lane = Lane(label, painter.bars(here))
    if here == there:
        return lane
    change = "changed" if here and there else "taken away" if here else "new"
    return replace(lane, other=painter.bars(there), change=change)


def _labels(order: Sequence[Case], listing: Listing) -> dict[Case, str]:
    """Return a label for each case; parameters that are the same in all cases are left out."""
    place = listing.useafter
    titles = [key.title for key in (*listing.keys[:place], *listing.keys[place + 1 :])]
    varied = [number for number in range(len(titles)) if len({case[number] for case in order}) > 1]
    shown = varied or range(len(titles))
    return {
        case: " · ".join(
            f"{titles[number]} {case[number]}" for number in shown if case[number] not in _NO_MATTER
        )
        or "all others"
        for case in order
    }


@dataclass(frozen=True, slots=True)
class _Painter:
    """The painter of lanes.

    Attributes
    ----------
    narrowest
        Percent of the width; a narrower bar is joined with the next.
    last
        End of the last bar of each lane.
    kept
        Query parameters to repeat in the links of joined bars.
    """

    axis: Axis
    colours: Mapping[str, str]
    narrowest: float
    last: datetime
    kept: Mapping[str, str]

    def bars(self, dated: Dated) -> tuple[ReferenceBar, ...]:
        """Return the bars of one lane."""
        return tuple(self._bar(group) for group in self._groups(self._stretches(dated)))

    def _stretches(self, dated: Dated) -> list[_Stretch]:
        ends = [*(date for date, _name in dated[1:]), self.last][: len(dated)]
        return [
            _Stretch(date, end, name, file_page(name) if "." in name and "," not in name else "")
            for (date, name), end in zip(dated, ends, strict=True)
            if date < self.axis.end and end > self.axis.start
        ]

    def _groups(self, stretches: Sequence[_Stretch]) -> list[list[_Stretch]]:
        """Return the stretches in order of time; those of one group are drawn as one bar."""
        groups: list[list[_Stretch]] = []
        for stretch in stretches:
            is_narrow = self._width(stretch.start, stretch.end) < self.narrowest
            if is_narrow and groups and self._width(groups[-1][0].start, groups[-1][-1].end) < self.narrowest:
                groups[-1].append(stretch)
            else:
                groups.append([stretch])
        return groups

    def _width(self, start: datetime, end: datetime) -> float:
        return self.axis.place(end) - self.axis.place(start)

    def _bar(self, group: list[_Stretch]) -> ReferenceBar:
        first, last = group[0], group[-1]
        left, width = self.axis.place(first.start), self._width(first.start, last.end)
        until = "" if last.end == self.last else f" until {last.end:%Y-%m-%d %H:%M:%S}"
        if len(group) == 1:
            title = f"{first.name} from {first.start:%Y-%m-%d %H:%M:%S}{until}"
            return ReferenceBar(percent(left), percent(width), self.colours[first.name], title, first.address)
        closer = {"since": f"{first.start:%Y-%m-%d}", "until": f"{last.end + timedelta(days=1):%Y-%m-%d}"}
        title = f"{len(group)} changes from {first.start:%Y-%m-%d}{until[:17]}: click for detail"
        return ReferenceBar(percent(left), percent(width), "several", title, _address(self.kept, **closer))
