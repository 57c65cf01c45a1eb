"""The time for which a reference applies under a context: as a sentence, and as bars with texts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from apps.catalog.addresses import file_page
from apps.catalog.models import File
from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.core.tables import CellPart
from apps.rules.errors import CrdsError
from apps.rules.lookup.dated_cases import Names, Values, dated_cases
from apps.rules.observatories import get_observatory
from apps.rules.text.special_values import SPECIAL
from apps.web.context_pages.known_rules import rules_of
from apps.web.context_pages.time_axis import Axis, Tick, percent

MOST = 8  # bars on the page
_FEW = 3  # values of a parkey that the sentence names
_LONG = 40  # characters of the values of a parkey that the sentence leaves out
_ANY = ("N/A", "*")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time for which a reference applies in some match cases.

    Attributes
    ----------
    since, until
        As the rules write dates; `until` is empty if nothing follows.
    then
        The references that follow.
    cases
        Number of match cases.
    """

    since: str
    until: str
    then: Names
    cases: int

    @property
    def text(self) -> str:
        """The time for people."""
        end = f"until {_day(self.until)}" if self.until else "with no end"
        return f"from {_day(self.since) or 'any date'} {end}"


@dataclass(frozen=True, slots=True)
class DrawnStretch:
    """A stretch with its place in the picture."""

    stretch: Stretch
    left: str
    width: str

    @property
    def then(self) -> list[tuple[str, str]]:
        """The references that follow, each with the address of its page."""
        return [(name, file_page(name)) for name in self.stretch.then if name not in SPECIAL]


@dataclass(frozen=True, slots=True)
class Validity:
    """The times of a reference under a context.

    Attributes
    ----------
    drawn
        The stretches, with most cases first.
    more
        Number of those that are not drawn.
    """

    context: str
    values: tuple[Values, ...]
    stretches: tuple[Stretch, ...]
    drawn: tuple[DrawnStretch, ...]
    ticks: tuple[Tick, ...]
    more: int


def validity_of(reference: str, rmaps: Collection[str]) -> Validity | None:
    """Return when a reference applies under the latest context.

    Parameters
    ----------
    rmaps
        The rmaps that name the reference.

    Returns
    -------
    Validity | None
        None if there is no latest context, it does not use the reference, or its rules cannot be read here.
    """
    context = contexts.find_pointed(Pointer.LATEST)
    if context is None:
        return None
    try:
        members = sorted(set(contexts.mapping_names(context)).intersection(rmaps))
        listings = [rules_of(name) for name in members if name.endswith(".rmap")]
    except CrdsError:
        return None
    found: dict[tuple[str, str, Names], list[Values]] = {}
    for listing in listings:
        for values, case in dated_cases(listing).items():
            ends = case.ends
            for date in case.dates:
                if reference in case.names[date]:
                    until = ends.get(date, "")
                    key = (date, until, case.names[until] if until else ())
                    found.setdefault(key, []).append(values)
    if not found:
        return None
    stretches = [Stretch(*key, len(cases)) for key, cases in found.items()]
    stretches.sort(key=lambda each: -each.cases)
    cases = tuple(values for some in found.values() for values in some)
    return _drawn(context, cases, tuple(stretches))


def _drawn(context: str, cases: tuple[Values, ...], stretches: tuple[Stretch, ...]) -> Validity:
    now = timezone.now().replace(tzinfo=None)
    moments = [moment for each in stretches for text in (each.since, each.until) if (moment := _moment(text))]
    start, end = min([*moments, now]), max([*moments, now])
    if start == end:
        return Validity(context, cases, stretches, (), (), len(stretches))
    axis = Axis(start - (end - start) / 20, end + (end - start) / 20)
    drawn = tuple(_bar(axis, each) for each in stretches[:MOST])
    return Validity(context, cases, stretches, drawn, axis.ticks(), max(0, len(stretches) - MOST))


def _bar(axis: Axis, stretch: Stretch) -> DrawnStretch:
    left = axis.place(_moment(stretch.since) or axis.start)
    right = axis.place(_moment(stretch.until) or axis.end)
    return DrawnStretch(stretch, percent(left), percent(max(0.4, right - left)))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _day(text: str) -> str:
    return text.removesuffix(" 00:00:00")


def sentence(file: File, validity: Validity | None) -> list[CellPart]:
    """Return what a reference is for, since when it is used, and what follows it, with links."""
    texts = get_observatory(settings.OBSERVATORY).reftypes.get(file.instrument, {})
    kind = texts.get(file.filekind) or file.filekind or "reference"
    words = _common(validity.values) if validity else ""
    parts = [CellPart(f"{kind[:1].upper()}{kind[1:]} of {file.instrument.upper()}")]
    if words:
        parts.append(CellPart(f" for {words}"))
    if validity:
        parts.append(CellPart(f", valid {_whole_time(validity.stretches)}. "))
    else:
        parts.append(CellPart(". "))
    return [*parts, *_use(file, is_used=validity is not None), *_after(validity)]


def _common(cases: Iterable[Values]) -> str:
    """Return the values by which the reference is chosen, as far as a sentence can name them."""
    found: dict[str, dict[str, None]] = {}
    for values in cases:
        for title, value in values:
            found.setdefault(title, {})[value] = None
    texts = [
        _named(title, " or ".join(values))
        for title, values in found.items()
        if len(values) <= _FEW and not set(values) & set(_ANY) and len(" or ".join(values)) < _LONG
    ]
    return ", ".join(texts)


def _named(title: str, text: str) -> str:
    """Return values that speak for themselves, and numbers with the name of their parkey."""
    return text if any(each.isalpha() for each in text) else f"{title} {text}"


def _whole_time(stretches: Collection[Stretch]) -> str:
    since = min(each.since for each in stretches)
    ends = [each.until for each in stretches]
    until = "" if "" in ends else max(ends)
    start = f"from {_day(since)}" if since else "for every date"
    return f"{start} to {_day(until)}" if until else start


def _use(file: File, *, is_used: bool) -> list[CellPart]:
    if file.activated_at is None:
        return [CellPart("The latest context uses it." if is_used else "No latest context has used it.")]
    first = contexts.history().filter(started_at=file.activated_at).values_list("context", flat=True).first()
    since = f"{file.activated_at:%Y-%m-%d}"
    start = [CellPart("In use since " if is_used else "First used ")]
    if first:
        start += [CellPart(first, reverse("web:context_table", args=[first])), CellPart(f" ({since})")]
    else:
        start.append(CellPart(since))
    return [*start, CellPart("." if is_used else "; the latest context no longer uses it.")]


def _after(validity: Validity | None) -> list[CellPart]:
    names = dict.fromkeys(name for each in (validity.stretches if validity else ()) for name in each.then)
    known = [name for name in names if name not in SPECIAL]
    if not known:
        return []
    if len(known) > _FEW:
        return [CellPart(f" {len(known)} references follow it for later dates.")]
    links = [part for name in known for part in (CellPart(name, file_page(name)), CellPart(", "))][:-1]
    return [CellPart(" For later dates it is followed by "), *links, CellPart(".")]
