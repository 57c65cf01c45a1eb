"""Made-up deliveries of HST references in the order of time, each with the mappings and the context of it.

Each delivery adds references of two types of one instrument. Their rmaps name the newest references of the
type, so an rmap drops the oldest ones when new ones come.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apps.rules.naming.official_names import timed_name
from apps.rules.observatories import get_observatory

FIRST_DAY = datetime(1993, 1, 2, 8, tzinfo=UTC)
YEARS = 33  # The codes of time repeat after 36 years.
NAMED = 192  # references that an rmap names
TYPES = 2  # types of one delivery
DETECTORS = ("HRC", "SBC", "WFC")
BAD_SERIALS = range(100, 102)  # Deliveries whose first rmap is bad, and taints what names it.


@dataclass(frozen=True, slots=True)
class NewReference:
    """A delivered reference, and the date from which it applies."""

    name: str
    useafter_at: datetime


@dataclass(frozen=True, slots=True)
class NewRmap:
    """A delivered rmap: what it adds to its predecessor, drops from it, and names altogether."""

    name: str
    filekind: str
    before: str
    added: tuple[NewReference, ...]
    dropped: tuple[NewReference, ...]
    named: tuple[NewReference, ...]


@dataclass(frozen=True, slots=True)
class MadeDelivery:
    """One delivery.

    Attributes
    ----------
    imaps, types
        The selections of its pmap and its imap: instrument and type to name.
    tainted
        Those of its mappings that are bad, or name a bad one.
    """

    serial: int
    at: datetime
    instrument: str
    rmaps: tuple[NewRmap, ...]
    imap: str
    pmap: str
    imaps: Mapping[str, str]
    types: Mapping[str, str]
    tainted: frozenset[str]

    @property
    def references(self) -> list[NewReference]:
        """The references of all its rmaps."""
        return [reference for rmap in self.rmaps for reference in rmap.added]

    @property
    def mappings(self) -> list[str]:
        """The names of its mappings, rmaps first."""
        return [*(rmap.name for rmap in self.rmaps), self.imap, self.pmap]


class DeliveryMaker:
    """The maker of deliveries, which knows the newest mapping of each instrument and type."""

    def __init__(self, deliveries: int, references: int) -> None:
        self.observatory = get_observatory("hst")
        self.count = deliveries
        self.of_type = [references // TYPES + (number < references % TYPES) for number in range(TYPES)]
        self.newest: dict[tuple[str, str], NewRmap] = {}
        self.imaps: dict[str, str] = {}
        self.tainted: set[str] = set()
        self.turns = dict.fromkeys(self.observatory.instruments, 0)

    def all(self) -> Iterator[MadeDelivery]:
        """Yield the deliveries, the oldest first."""
        for serial in range(1, self.count + 1):
            yield self._make(serial)

    def _make(self, serial: int) -> MadeDelivery:
        at = FIRST_DAY + timedelta(days=YEARS * 365) * serial / self.count
        at = at.replace(microsecond=0)
        instrument = self.observatory.instruments[serial % len(self.observatory.instruments)]
        rmaps = tuple(self._rmap(serial, at, instrument, place) for place in range(TYPES))
        if serial in BAD_SERIALS:
            self.tainted.add(rmaps[0].name)
        types = {kind: rmap.name for (other, kind), rmap in self.newest.items() if other == instrument}
        imap, pmap = f"hst_{instrument}_{serial:04}.imap", f"hst_{serial:04}.pmap"
        self.imaps[instrument] = imap
        for name, named in ((imap, types.values()), (pmap, self.imaps.values())):
            if self.tainted.intersection(named):
                self.tainted.add(name)
        own = {*(rmap.name for rmap in rmaps), imap, pmap}
        return MadeDelivery(
            serial, at, instrument, rmaps, imap, pmap, dict(self.imaps), types, frozenset(own & self.tainted)
        )

    def _rmap(self, serial: int, at: datetime, instrument: str, place: int) -> NewRmap:
        kinds = sorted(self.observatory.types[instrument])
        filekind = kinds[self.turns[instrument] % len(kinds)]
        self.turns[instrument] += 1
        added = tuple(
            NewReference(self._name(instrument, filekind, at, number), at - timedelta(days=90, hours=-number))
            for number in range(self.of_type[place])
        )
        before = self.newest.get((instrument, filekind))
        known = (*(before.named if before else ()), *added)
        named, name = known[-NAMED:], f"hst_{instrument}_{filekind}_{serial:04}.rmap"
        dropped = tuple(reference for reference in known[:-NAMED] if reference not in added)
        rmap = NewRmap(name, filekind, before.name if before else "", added, dropped, named)
        self.newest[instrument, filekind] = rmap
        return rmap

    def _name(self, instrument: str, filekind: str, at: datetime, number: int) -> str:
        """Return a name in the form of HST; every file of a type has two seconds of its own."""
        moment = (at + timedelta(seconds=2 * number)).replace(tzinfo=None)
        return timed_name(
            self.observatory, instrument=instrument, filekind=filekind, extension=".fits", moment=moment
        )


def content_of(name: str) -> bytes:
    """Return the bytes of a reference, which nobody can mistake for a real one."""
    return f"{name} was made for a benchmark.\n".encode()


def texts_of(delivery: MadeDelivery) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each mapping of a delivery."""
    for rmap in delivery.rmaps:
        yield rmap.name, _rmap_text(delivery.instrument, rmap)
    own = {"instrument": delivery.instrument.upper()}
    types = {kind.upper(): name for kind, name in sorted(delivery.types.items())}
    yield delivery.imap, _upper_text(delivery.imap, types, mapping="INSTRUMENT", parkey=("REFTYPE",), **own)
    imaps = {name.upper(): imap for name, imap in sorted(delivery.imaps.items())}
    yield delivery.pmap, _upper_text(delivery.pmap, imaps, mapping="PIPELINE", parkey=("INSTRUME",))


def _rmap_text(instrument: str, rmap: NewRmap) -> str:
    header = {
        "derived_from": rmap.before or "made for a benchmark",
        "filekind": rmap.filekind.upper(),
        "instrument": instrument.upper(),
        "mapping": "REFERENCE",
        "parkey": (("DETECTOR",), ("DATE-OBS", "TIME-OBS")),
    }
    cases = "".join(
        f"    ('{detector}',) : UseAfter({{\n{_dates(rmap.named[place :: len(DETECTORS)])}    }}),\n"
        for place, detector in enumerate(DETECTORS)
        if rmap.named[place :: len(DETECTORS)]
    )
    return _signed(rmap.name, header, f"selector = Match({{\n{cases}}})\n")


def _dates(references: tuple[NewReference, ...]) -> str:
    return "".join(
        f"        '{reference.useafter_at:%Y-%m-%d %H:%M:%S}' : '{reference.name}',\n"
        for reference in references
    )


def _upper_text(name: str, selections: Mapping[str, str], **header: object) -> str:
    rows = "".join(f"    {key!r} : {value!r},\n" for key, value in selections.items())
    header["derived_from"] = "made for a benchmark"
    return _signed(name, header, f"selector = {{\n{rows}}}\n")


def _signed(name: str, header: Mapping[str, object], selector: str) -> str:
    """Return a whole mapping with the sha1sum of its text without the line of the sha1sum."""
    fields = {"name": name, "observatory": "HST", **header}
    lines = "".join(f"    {key!r} : {value!r},\n" for key, value in sorted(fields.items()))
    begin, end = f"header = {{\n{lines}", f"}}\n\n{selector}"
    digest = hashlib.sha1((begin + end).encode(), usedforsecurity=False).hexdigest()
    return f"{begin}    'sha1sum' : '{digest}',\n{end}"
