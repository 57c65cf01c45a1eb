"""The work of a worker: keep the best references of all datasets under the latest and the edit context."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from apps.bestrefs import mode_timelines
from apps.bestrefs.models import BestReference, KeptDataset, KeptRules, PointedRules, ReferenceTimeline
from apps.bestrefs.models import ModeTimeline as Kept
from apps.bestrefs.outcomes import TypeOutcome, outcome_of
from apps.bestrefs.states import Outcome
from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.datasets import queries as datasets
from apps.datasets.models import Dataset, ModeParkeys
from apps.datasets.modes import newest_parkeys
from apps.datasets.operations import cover_parkeys
from apps.datasets.pipeline import sort_into_modes
from apps.jobs import operations as jobs
from apps.jobs.models import Job
from apps.jobs.pipeline import require_claim
from apps.jobs.queries import count_unfinished
from apps.rules.errors import CrdsError
from apps.rules.lookup.context import Context
from apps.rules.lookup.timelines import ReftypeTimelines

logger = logging.getLogger(__name__)

KIND = "bestrefs"
POINTERS = (Pointer.LATEST, Pointer.EDIT)
AT_ONCE = 500  # datasets or modes in one transaction
CHECKED = 10_000  # datasets that a page looks at

# Key of kept rules to the timelines of their type.
Rules = dict[int, ReftypeTimelines]


@dataclass(frozen=True, slots=True)
class InstrumentTypes:
    """The reference types of an instrument under one context.

    Attributes
    ----------
    rmaps
        Type to the name of its rmap, or to a special value.
    timelines
        Type to its timelines; types that must be asked header by header are left out.
    """

    rmaps: Mapping[str, str]
    timelines: Mapping[str, ReftypeTimelines]

    @property
    def by_header(self) -> list[str]:
        """The types that must be asked header by header."""
        return sorted(self.rmaps.keys() - self.timelines.keys())


def follow() -> bool:
    """Queue a job if answers are missing or old; return whether one was queued."""
    if contexts.find_pointed(Pointer.LATEST) is None or count_unfinished(KIND) or is_current():
        return False
    jobs.start(KIND, subject_id=None, user="", channel=None, is_watched=False)
    return True


def run(job: Job) -> None:
    """Compute the answers that are missing or old. Another run continues where a dead worker stopped."""
    keep(job)


def keep(job: Job | None = None) -> int:
    """Compute the answers that are missing or old.

    Return the number of datasets that were asked by their header.
    """
    pointed = _pointed()
    if Pointer.LATEST not in pointed:
        return 0
    for instrument in observed_instruments():
        _sort(instrument, pointed.values())
    for pointer, context in pointed.items():
        rules: list[int] = []
        for instrument, types in types_of(context).items():
            parkeys = newest_parkeys(instrument)
            if parkeys is None:
                continue  # Its first dataset arrived after the others were sorted; the next job sorts it.
            kept = _kept_rules(instrument, types, parkeys)
            _keep_modes(job, parkeys, kept)
            rules += kept
        _point(job, pointer, context, rules)
    _forget(job)
    return _keep_datasets(job, pointed[Pointer.LATEST])


def is_current() -> bool:
    """Return whether all answers are there, and belong to the contexts that are latest and edit now."""
    pointed = _pointed()
    if any(map(datasets.has_unsorted, observed_instruments())):
        return Pointer.LATEST not in pointed
    for pointer, context in pointed.items():
        rows = PointedRules.objects.filter(pointer=pointer)
        known = set(rows.values_list("context", "rules__instrument").distinct())
        planned = {name for name, types in types_of(context).items() if types.timelines}
        if known != {(context, instrument) for instrument in planned}:
            return False
        if any(_is_behind(rows, instrument) for _context, instrument in known):
            return False
    latest = pointed.get(Pointer.LATEST)
    return latest is None or not (stale(latest).exists() or _needless(latest).exists())


def _is_behind(rows: QuerySet[PointedRules], instrument: str) -> bool:
    """Return whether rules of an instrument lack answers for modes, or were kept for older parkeys."""
    parkeys = newest_parkeys(instrument)
    total = datasets.count_modes(parkeys) if parkeys else 0
    mine = rows.filter(rules__instrument=instrument)
    return mine.exclude(rules__sorted_by=parkeys, rules__mode_count=total).exists()


def _pointed() -> dict[Pointer, str]:
    """Return the contexts in use by pointer, without those whose rules cannot be read."""
    found = {pointer: contexts.find_pointed(pointer) for pointer in POINTERS}
    return {pointer: context for pointer, context in found.items() if context and _is_readable(context)}


def _is_readable(context: str) -> bool:
    try:
        contexts.get_context(context)
    except CrdsError as exc:
        logger.error("the best references under %s cannot be kept: %s", context, exc)
        return False
    return True


def observed_instruments() -> list[str]:
    """Return the instruments that have datasets, sorted."""
    return datasets.observed_instruments()


def types_of(context: str, instruments: Iterable[str] | None = None) -> dict[str, InstrumentTypes]:
    """Return each instrument that has rules in a context with its reference types.

    Parameters
    ----------
    instruments
        Lower case; all instruments that have datasets if not given.
    """
    upper, rules = contexts.upper_mappings_of(context), contexts.get_context(context)
    imaps = {name.lower(): imap for name, imap in upper[context].selections}
    found = {}
    for instrument in observed_instruments() if instruments is None else instruments:
        if (imap := imaps.get(instrument)) in upper:
            rmaps = {reftype.lower(): rmap for reftype, rmap in upper[imap].selections}
            timelines = rules.timelines(instrument, rmaps)
            planned = {reftype: each for reftype, each in timelines.items() if each is not None}
            found[instrument] = InstrumentTypes(rmaps, planned)
    return found


def _sort(instrument: str, names: Iterable[str]) -> None:
    """Sort the exposures of an instrument by the parkeys of some contexts."""
    wanted: set[str] = set()
    for name in names:
        required = contexts.get_context(name).required_parkeys()
        wanted.update(required.get(instrument, ()) if isinstance(required, dict) else required)
    cover_parkeys(instrument, wanted)
    for _number in sort_into_modes(instrument):
        pass


def _kept_rules(instrument: str, types: InstrumentTypes, parkeys: ModeParkeys) -> Rules:
    """Return the timelines of types by the key of their row, which is made if it is new."""
    found = {}
    for reftype, timelines in types.timelines.items():
        read = hashlib.sha1("\0".join(timelines.parkeys).encode(), usedforsecurity=False)
        row, _ = KeptRules.objects.get_or_create(
            instrument=instrument,
            filekind=reftype,
            rmap=types.rmaps[reftype],
            parkeys_digest=read.hexdigest(),
            sorted_by=parkeys,
        )
        found[row.pk] = timelines
    return found


def _keep_modes(job: Job | None, parkeys: ModeParkeys, rules: Rules) -> None:
    """Store the answers that modes lack, in parts; each part is stored as a whole or not at all."""
    total = datasets.count_modes(parkeys)
    behind = KeptRules.objects.filter(pk__in=rules).exclude(mode_count=total)
    missing = {key: rules[key] for key in behind.values_list("pk", flat=True)}
    book = mode_timelines.TimelineBook()
    last = 0
    while missing and (modes := datasets.modes_after(parkeys, last, at_most=AT_ONCE)):
        there = Kept.objects.filter(rules__in=missing, mode__gt=last, mode__lte=modes[-1][0])
        known = set(there.values_list("rules_id", "mode_id"))
        last = modes[-1][0]
        rows = [row for row in mode_timelines.answers(modes, missing) if row[:2] not in known]
        with transaction.atomic():
            _require(job)
            mode_timelines.store(rows, book)
    if missing:
        mode_timelines.count_modes(missing)


def _require(job: Job | None) -> None:
    if job is not None:
        require_claim(job)


@transaction.atomic
def _point(job: Job | None, pointer: str, context: str, rules: Sequence[int]) -> None:
    """Replace the answers of a pointer by those of a context, all at once."""
    _require(job)
    rows = PointedRules.objects.filter(pointer=pointer)
    if set(rows.values_list("context", "rules_id")) == {(context, key) for key in rules}:
        return
    rows.delete()
    now = timezone.now()
    PointedRules.objects.bulk_create(
        PointedRules(pointer=pointer, context=context, rules_id=key, kept_at=now) for key in rules
    )


@transaction.atomic
def _forget(job: Job | None) -> None:
    """Delete the answers of rules that no pointer names."""
    _require(job)
    if KeptRules.objects.filter(pointed=None).delete()[0]:
        ReferenceTimeline.objects.filter(modes=None).delete()


def asked_by_header(context: str, instruments: Sequence[str] | None = None) -> QuerySet[Dataset]:
    """Return the datasets for which some answers do not follow from their modes.

    Parameters
    ----------
    instruments
        Lower case, those of interest: the answer has all their datasets, and may have others with odd modes.
    """
    wanted = observed_instruments() if instruments is None else instruments
    types = types_of(context, wanted)
    others = [name for name in wanted if name not in types or types[name].by_header]
    # A list of keys lets the database read an index; a join would read all rows.
    return Dataset.objects.filter(Q(mode__in=datasets.odd_modes()) | Q(instrument__in=others))


def stale(context: str) -> QuerySet[Dataset]:
    """Return the datasets that must be asked by their header under a context, and were not."""
    return asked_by_header(context).filter(_not_asked(context))


def has_unasked(context: str, instrument: str) -> bool | None:
    """Return whether datasets of an instrument must be asked by their header under a context, and were not.

    At most `CHECKED` of them are looked at, since a page waits. The answer is None if these were asked, and
    there are more.

    Parameters
    ----------
    instrument
        Lower case; only its rules are read.
    """
    asked = asked_by_header(context, [instrument]).filter(instrument=instrument).values("pk")
    some = asked[: CHECKED + 1]
    if Dataset.objects.filter(pk__in=some).filter(_not_asked(context)).exists():
        return True
    return None if some.count() > CHECKED else False


def _not_asked(context: str) -> Q:
    return Q(kept=None) | ~Q(kept__context=context) | ~Q(kept__imported_at=F("imported_at"))


def _needless(context: str) -> QuerySet[KeptDataset]:
    """Return the datasets that were asked by their header, and no longer need it."""
    return KeptDataset.objects.exclude(dataset__in=asked_by_header(context).values("pk"))


def _keep_datasets(job: Job | None, latest: str) -> int:
    """Ask the datasets header by header that need it, and return their number."""
    rules, types, done = contexts.get_context(latest), types_of(latest), 0
    while some := list(stale(latest).select_related("mode").order_by("pk")[:AT_ONCE]):
        answers = [row for dataset in some for row in _answers(dataset, rules, types)]
        with transaction.atomic():
            _require(job)
            _replace(some, answers, latest)
        done += len(some)
    with transaction.atomic():
        _require(job)
        needless = list(_needless(latest).values_list("pk", flat=True))
        BestReference.objects.filter(dataset__in=needless).delete()
        KeptDataset.objects.filter(pk__in=needless).delete()
    if done:
        logger.info("the best references of %d datasets were asked by header under %s", done, latest)
    return done


def _replace(some: Sequence[Dataset], answers: Sequence[BestReference], context: str) -> None:
    keys = [dataset.pk for dataset in some]
    BestReference.objects.filter(dataset__in=keys).delete()
    KeptDataset.objects.filter(dataset__in=keys).delete()
    BestReference.objects.bulk_create(answers, batch_size=AT_ONCE)
    KeptDataset.objects.bulk_create(
        [KeptDataset(dataset=one, context=context, imported_at=one.imported_at) for one in some]
    )


def _answers(
    dataset: Dataset, rules: Context, types: Mapping[str, InstrumentTypes]
) -> Iterator[BestReference]:
    now = timezone.now()
    mine = types.get(dataset.instrument)
    is_odd = mine is None or dataset.mode is None or dataset.mode.is_odd
    for filekind, outcome in _outcomes(dataset, rules):
        if not is_odd and mine is not None and filekind not in mine.by_header:
            continue
        yield BestReference(
            dataset=dataset,
            context=rules.name,
            instrument=dataset.instrument,
            filekind=filekind,
            reference=outcome.reference,
            status=outcome.status,
            message=outcome.message,
            computed_at=now,
        )


def _outcomes(dataset: Dataset, rules: Context) -> Iterator[tuple[str, TypeOutcome]]:
    try:
        answers = rules.best_references(dataset.header)
    except CrdsError as exc:
        yield "", TypeOutcome(Outcome.ERROR, message=str(exc))
        return
    for filekind, answer in sorted(answers.items()):
        yield filekind.lower(), outcome_of(answer)
