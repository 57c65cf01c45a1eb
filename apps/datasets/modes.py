"""The modes of exposures: read from headers, and stored once for all exposures that share one.

A mode holds the values that rules compare, in the spelling in which they are compared. Its header and the
start of an exposure give the same answers as the whole header of the exposure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

from apps.datasets.import_rows import ReadDataset
from apps.datasets.models import ExposureMode, ModeParkeys
from apps.rules.dates import iso_date
from apps.rules.errors import HeaderError, LookupFailure
from apps.rules.lookup.instrument import condition
from apps.rules.lookup.selectors import observed_date
from apps.rules.observatories import Observatory, get_observatory

Values = tuple[str, ...]
Texts = tuple[str | None, ...]

_KNOWN_LIMIT = 100_000  # spellings of modes whose keys a book remembers


@dataclass(frozen=True, slots=True)
class ModeReader:
    """Reads the mode of exposures of one instrument from canonical headers.

    Attributes
    ----------
    parkeys
        Upper case, sorted, without dates.
    ambiguous
        FITS keywords that stand for several parkeys; a lookup refuses headers with one of them.
    """

    instrument: str
    parkeys: tuple[str, ...]
    observatory: Observatory
    ambiguous: frozenset[str]

    @classmethod
    def of(cls, parkeys: ModeParkeys, observatory: Observatory) -> ModeReader:
        """Return the reader for the parkeys of a row."""
        is_translated = observatory.path_prefix is not None
        ambiguous = {key for key, paths in observatory.keyword_paths.items() if len(paths) != 1}
        return cls(
            parkeys.instrument,
            tuple(parkeys.parkeys),
            observatory,
            frozenset(ambiguous if is_translated else ()),
        )

    def texts(self, header: Mapping[str, str], observed_at: datetime | None) -> Texts | None:
        """Return the texts of all parkeys, None for those that are missing.

        Return None if the exposure must be asked header by header.

        Parameters
        ----------
        header
            Canonical.
        observed_at
            The stored start of the exposure, aware UTC.
        """
        if observed_at is None or self._start(header) != observed_at:
            return None
        if not self._names_instrument(header) or not self.ambiguous.isdisjoint(header):
            return None
        return tuple(map(header.get, self.parkeys))

    def values(self, texts: Texts) -> Values | None:
        """Return the values of the mode, or None if the exposure must be asked header by header."""
        try:
            return tuple(_spelling("UNDEFINED" if text is None else text) for text in texts)
        except HeaderError:
            return None

    def _start(self, header: Mapping[str, str]) -> datetime | None:
        """Return the start as all rules read it, or None if they may read it in different ways."""
        keys = self.observatory.useafter_keys
        texts = [header.get(key, "UNDEFINED") for key in keys]
        start = iso_date(" ".join(texts))
        # Hooks read dates themselves, and refuse some forms that selectors accept.
        if start is None and not self.observatory.hooks:
            try:
                start = observed_date("UseAfter", keys, [condition(text) for text in texts])
            except (LookupFailure, HeaderError):
                return None
        return datetime.fromisoformat(start).replace(tzinfo=UTC) if start else None

    def _names_instrument(self, header: Mapping[str, str]) -> bool:
        name = header.get(self.observatory.instrument_key, "").lower()
        return self.observatory.instrument_aliases.get(name, name) == self.instrument


def _spelling(text: str) -> str:
    """Return a value as it is compared. A value that would change once more stays as it is written."""
    value = condition(text)
    return value if value is text or condition(value) == value else text


def digest(values: Values) -> str:
    """Return the SHA-1 of the values of a mode as hex digits."""
    return hashlib.sha1("\0".join(values).encode(), usedforsecurity=False).hexdigest()


def newest_parkeys(instrument: str) -> ModeParkeys | None:
    """Return the parkeys that make the modes of an instrument today, or None if they are not known yet."""
    return ModeParkeys.objects.filter(instrument=instrument).order_by("-number").first()


def later_modes(parkeys: int) -> dict[int, list[int]]:
    """Return each mode of some parkeys to the modes into which its exposures were sorted later.

    Later parkeys include all earlier ones, so the values of a later mode give the earlier one. Modes without
    later ones are left out.

    Parameters
    ----------
    parkeys
        Key of the parkeys.
    """
    made_by = ModeParkeys.objects.get(pk=parkeys)
    later = ExposureMode.objects.filter(
        parkeys__instrument=made_by.instrument, parkeys__number__gt=made_by.number
    ).exclude(digest="")
    if not later.exists():
        return {}
    earlier = dict(ExposureMode.objects.filter(parkeys=made_by).values_list("digest", "pk"))
    found: dict[int, list[int]] = {}
    for key, header in later.values_list("pk", "header").iterator():
        mode = earlier.get(digest(tuple(header[parkey] for parkey in made_by.parkeys)))
        if mode is not None:
            found.setdefault(mode, []).append(key)
    return found


class ModeBook:
    """The keys of the modes of one set of parkeys. Modes that are new are stored."""

    def __init__(self, parkeys: ModeParkeys) -> None:
        self.parkeys = parkeys
        self.reader = ModeReader.of(parkeys, get_observatory(settings.OBSERVATORY))
        self._known: dict[Texts | None, int] = {}

    def keys(self, exposures: Iterable[tuple[Mapping[str, str], datetime | None]]) -> list[int]:
        """Return the key of the mode of each exposure, given as header and start."""
        read = [self.reader.texts(header, observed_at) for header, observed_at in exposures]
        unknown = {texts for texts in read if texts not in self._known}
        if unknown:
            if len(self._known) > _KNOWN_LIMIT:
                self._known.clear()
                unknown = set(read)
            self._learn(unknown)
        return [self._known[texts] for texts in read]

    def _learn(self, unknown: Iterable[Texts | None]) -> None:
        """Store the modes that are new, and remember the keys of all."""
        read = {texts: None if texts is None else self.reader.values(texts) for texts in unknown}
        digests = {digest(values) if values is not None else "": values for values in read.values()}
        keys = self._stored(digests)
        for texts, values in read.items():
            self._known[texts] = keys[values]

    def _stored(self, digests: Mapping[str, Values | None]) -> dict[Values | None, int]:
        """Store the modes that are new, and return the keys of all, given digest to values."""
        found = self._find(sorted(digests))
        new = sorted(digests.keys() - found.keys())
        if new:
            ExposureMode.objects.bulk_create(
                (
                    ExposureMode(parkeys=self.parkeys, digest=each, header=self._header(digests[each]))
                    for each in new
                ),
                # Another worker may have stored some of them in the meantime.
                ignore_conflicts=True,
                batch_size=500,
            )
            found |= self._find(new)
        return {digests[each]: key for each, key in found.items()}

    def _header(self, values: Values | None) -> dict[str, str]:
        return {} if values is None else dict(zip(self.reader.parkeys, values, strict=True))

    def _find(self, wanted: Sequence[str]) -> dict[str, int]:
        """Return the keys of modes by their digests, without those that are not stored."""
        known: dict[str, int] = {}
        for start in range(0, len(wanted), 500):
            rows = ExposureMode.objects.filter(parkeys=self.parkeys, digest__in=wanted[start : start + 500])
            known.update(rows.values_list("digest", "pk"))
        return known


class Modes:
    """The books of all instruments during one operation. It must end if one of its transactions fails."""

    def __init__(self) -> None:
        self._books: dict[str, ModeBook | None] = {}

    def book(self, instrument: str) -> ModeBook | None:
        """Return the book of an instrument, or None if its parkeys are not known yet."""
        if instrument not in self._books:
            parkeys = newest_parkeys(instrument)
            self._books[instrument] = ModeBook(parkeys) if parkeys else None
        return self._books[instrument]

    def keys(self, datasets: Sequence[ReadDataset]) -> list[int | None]:
        """Return the key of the mode of each dataset; None where no parkeys are known yet."""
        places: dict[str, list[int]] = {}
        for place, dataset in enumerate(datasets):
            places.setdefault(dataset.row.instrument, []).append(place)
        found: list[int | None] = [None] * len(datasets)
        # All operations store new modes in this order, so none waits for another in a circle.
        for instrument, mine in sorted(places.items()):
            book = self.book(instrument)
            if book is not None:
                exposures = ((datasets[place].header, datasets[place].row.observed_at) for place in mine)
                for place, key in zip(mine, book.keys(exposures), strict=True):
                    found[place] = key
        return found


def parkeys_with(wanted: Iterable[str], observatory: Observatory) -> list[str]:
    """Return the parkeys of modes that answer questions about `wanted` ones: without dates, sorted."""
    keys = {parkey.upper() for parkey in (*wanted, observatory.instrument_key)}
    return sorted(keys.difference(observatory.useafter_keys))
