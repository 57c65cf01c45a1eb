"""The exposures that new rules change: those of a submission before it is confirmed, or another context."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings

from apps.contexts import queries as contexts
from apps.datasets.models import ModeParkeys
from apps.datasets.modes import newest_parkeys
from apps.datasets.queries import (
    count_exposures,
    count_with_modes,
    has_modes,
    modes_after,
    starts_in_modes,
)
from apps.reprocessing.comparison import changed_types
from apps.reprocessing.mode_comparison import ChangedInterval, changes_of_modes, planned_types
from apps.reprocessing.models import RulesImpact
from apps.rules.lookup.compiler import CompiledMapping, compile_mapping
from apps.rules.lookup.context import Context
from apps.rules.observatories import get_observatory
from apps.submissions.models import Submission
from apps.submissions.queries import get_submission, text_of
from apps.submissions.states import Status as SubmissionStatus
from apps.web.impact_pages.product_count import ProductCount

KIND = "impact"  # of its jobs
SAMPLES = 5  # exposures named for each type
MOST_WORK = 3_000_000  # exposures times changed types that a page compares; that takes some seconds
MODES_AT_ONCE = 2000


@dataclass
class ReftypeImpact:
    """The exposures that get another answer for one reference type.

    Attributes
    ----------
    errors
        Number of exposures whose answer would fail.
    samples
        Two-part id, old and new answer of some of them.
    years
        Year of the exposure to the number of exposures.
    """

    instrument: str
    reftype: str
    exposures: int = 0
    errors: int = 0
    samples: list[tuple[str, str, str]] = field(default_factory=list)
    years: Counter[str] = field(default_factory=Counter)

    def add(self, interval: ChangedInterval, starts: Sequence[str], ids: Sequence[str]) -> None:
        """Add the exposures of one mode in an interval."""
        places = interval.places(starts)
        number = places.stop - places.start
        if interval.is_error:
            self.errors += number
            return
        self.exposures += number
        self.years.update(start[:4] for start in starts[places])
        room = SAMPLES - len(self.samples)
        self.samples += [(each, interval.was, interval.is_now) for each in ids[places][:room]]

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return vars(self) | {"years": dict(self.years)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ReftypeImpact:
        """Return what `as_json` gave as plain values."""
        samples = [(dataset, was, is_now) for dataset, was, is_now in values["samples"]]
        return cls(**{**values, "samples": samples, "years": Counter(values["years"])})


@dataclass(frozen=True, slots=True)
class Impact:
    """The impact of new rules.

    Attributes
    ----------
    base
        The context that the new rules are compared with.
    types
        Each type whose rules are new.
    products
        Number of products with at least one changed exposure.
    compared, left_out
        Number of exposures that were compared, and of those that this quick comparison leaves out because
        their headers must be asked one by one.
    """

    base: str
    types: tuple[ReftypeImpact, ...]
    products: int
    compared: int
    left_out: int

    @property
    def exposures(self) -> int:
        """Number of new answers, of all types together."""
        return sum(each.exposures for each in self.types)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        facts = {each.name: getattr(self, each.name) for each in fields(self)}
        return facts | {"types": [each.as_json() for each in self.types]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Impact:
        """Return what `as_json` gave as plain values."""
        return cls(**{**values, "types": tuple(map(ReftypeImpact.from_json, values["types"]))})


def find_of_submission(submission: Submission) -> RulesImpact | None:
    """Return the stored impact of a submission, or None."""
    return RulesImpact.objects.filter(submission=submission.key).first()


def find_between(old: str, new: str) -> RulesImpact | None:
    """Return the stored impact of a move from one context to another, or None."""
    return RulesImpact.objects.filter(submission=None, old=old, new=new).first()


def unasked() -> list[Submission]:
    """Return the ready submissions with new rules whose impact nobody has asked for, oldest first."""
    ready = Submission.objects.filter(status=SubmissionStatus.READY, files__official_name__endswith=".rmap")
    known = set(RulesImpact.objects.exclude(submission=None).values_list("submission", flat=True))
    return [each for each in ready.distinct().order_by("pk") if each.key not in known]


def impact_of(submission: Submission) -> Impact:
    """Return the impact of the new rules of a submission on the exposures in our table.

    Raises
    ------
    CrdsError
        Raised if the rules of the submission or its base context cannot be read.
    """
    old = contexts.get_context(submission.base)
    rmaps = list(_new_rmaps(submission))
    new = old.with_rmaps(rmaps)
    types: dict[str, list[str]] = {}
    for rmap in rmaps:
        types.setdefault(rmap.instrument or "", []).append(rmap.filekind or "")
    return _impact(submission.base, old, new, types)


def impact_between(old: str, new: str) -> Impact:
    """Return the impact of a move from one context to another.

    Raises
    ------
    CrdsError
        Raised if a context is unknown, or its rules cannot be read.
    """
    return _impact(old, contexts.get_context(old), contexts.get_context(new), changed_types(old, new))


def is_large(old: str, new: str) -> bool:
    """Return whether a worker rather than a page should compare two contexts."""
    types = changed_types(old, new)
    work = sum(len(kinds) * count_exposures(name) for name, kinds in types.items()) if has_modes() else 0
    return work > MOST_WORK


def _impact(base: str, old: Context, new: Context, types: Mapping[str, Sequence[str]]) -> Impact:
    found = {
        (name, reftype): ReftypeImpact(name, reftype) for name, kinds in types.items() for reftype in kinds
    }
    products = ProductCount()
    compared = left_out = 0
    for instrument, kinds in sorted(types.items()):
        done = _add_instrument(found, products, old, new, instrument, kinds)
        compared += done
        left_out += (count_exposures(instrument) if has_modes() else 0) - done
    return Impact(base, tuple(found.values()), products.total(), compared, left_out)


def changed_instruments(row: RulesImpact) -> list[str]:
    """Return the instruments whose rules are new, sorted."""
    if row.submission is None:
        return sorted(changed_types(row.old, row.new))
    submission = get_submission(str(row.submission))
    return sorted({rmap.instrument or "" for rmap in _new_rmaps(submission)})


def _new_rmaps(submission: Submission) -> Iterable[CompiledMapping]:
    observatory = get_observatory(settings.OBSERVATORY)
    for file in submission.files.filter(official_name__endswith=".rmap").order_by("pk"):
        text = text_of(file)
        if text is not None:
            yield compile_mapping(text, name=file.official_name, observatory=observatory)


def parkeys_of(context: Context, instrument: str) -> set[str]:
    """Return the parkeys of an instrument in a context, upper case; none if it has no rules for it."""
    required = context.required_parkeys()
    return {key.upper() for key in required.get(instrument, ())} if isinstance(required, dict) else set()


def _add_instrument(
    found: dict[tuple[str, str], ReftypeImpact],
    products: ProductCount,
    old: Context,
    new: Context,
    instrument: str,
    kinds: Sequence[str],
) -> int:
    """Add the exposures of one instrument, and return the number of exposures that were compared."""
    parkeys = newest_parkeys(instrument)
    planned = planned_types(old, new, instrument, kinds)
    dates = new.definition.useafter_keys
    needed = parkeys_of(old, instrument) | parkeys_of(new, instrument)
    if parkeys is None or not needed.difference(dates) <= set(parkeys.parkeys) or len(planned) < len(kinds):
        return 0
    for modes in _in_blocks(parkeys):
        changes = changes_of_modes(modes, planned)
        for mode, starts, ids in starts_in_modes(sorted(changes), with_ids=True):
            for reftype, intervals in changes[mode].items():
                for interval in intervals:
                    found[instrument, reftype].add(interval, starts, ids)
                    if not interval.is_error:
                        products.add(each.partition(":")[0] for each in ids[interval.places(starts)])
    return count_with_modes(parkeys)


def _in_blocks(parkeys: ModeParkeys) -> Iterator[list[tuple[int, dict[str, str]]]]:
    """Yield key and header of all modes in blocks, in the order of keys."""
    last = 0
    while block := modes_after(parkeys, last, at_most=MODES_AT_ONCE):
        yield block
        last = block[-1][0]
