"""Rules as match cases, each with its references by date."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from apps.rules.lookup.rules_as_rows import Listing

Names = tuple[str, ...]
Values = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DatedCase:
    """The references of one match case.

    Attributes
    ----------
    dates
        Useafter dates as the rules write them, ascending; one empty text if the case has no date.
    names
        Each date with the references that apply from then, or the word in their place.
    """

    dates: Sequence[str]
    names: Mapping[str, Names]

    def at(self, date: str) -> Names:
        """Return what applies at a date; empty before the first one."""
        place = bisect_right(self.dates, date)
        return self.names[self.dates[place - 1]] if place else ()

    @property
    def ends(self) -> dict[str, str]:
        """Each date with the next one; the last date is left out."""
        return dict(pairwise(self.dates))


NO_DATES = DatedCase((), {})


def dated_cases(listing: Listing) -> dict[Values, DatedCase]:
    """Return the match cases of rules by titles and values of their parkeys; empty values are left out.

    Examples
    --------
    >>> from apps.rules.lookup.rules_as_rows import Key, RuleRow
    >>> keys = (Key("FILTER", ("FILTER",), "Match"), Key("USEAFTER", ("DATE-OBS",), "UseAfter"))
    >>> rules = Listing(keys, (RuleRow(("F1", "2020-01-01"), ("a.fits",)),))
    >>> [(values, case.at("2021-01-01")) for values, case in dated_cases(rules).items()]
    [((('FILTER', 'F1'),), ('a.fits',))]
    """
    place = listing.useafter
    titles = [key.title for key in listing.keys]
    found: dict[Values, dict[str, Names]] = {}
    for row in listing.rows:
        values = tuple(
            (title, value)
            for at, (title, value) in enumerate(zip(titles, row.values, strict=True))
            if at != place and value
        )
        date = row.values[place] if place >= 0 else ""
        found.setdefault(values, {})[date] = row.references or (row.word,)
    return {values: DatedCase(sorted(dates), dates) for values, dates in found.items()}
