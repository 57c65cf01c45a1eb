"""The parts of a search: planned once, taken by any number of workers, and done as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from apps.contexts import queries as contexts
from apps.datasets import queries as datasets
from apps.datasets.models import Dataset, ModeParkeys
from apps.datasets.modes import newest_parkeys
from apps.jobs import queries as jobs
from apps.jobs.models import Job
from apps.jobs.pipeline import require_claim
from apps.reprocessing.comparison import InstrumentComparison, compare_headers
from apps.reprocessing.mode_comparison import (
    ModeChanges,
    changes_of_modes,
    count_affected,
    planned_types,
)
from apps.reprocessing.models import Chunk, Transition
from apps.rules.lookup.context import Context

MODES_AT_LEAST = 250  # in one part
PARTS_AT_MOST = 64  # of modes, for each instrument
EXPOSURES = 5000  # in one part that is asked header by header

Source = Chunk.Source


def plan(row: Transition, instrument: str, types: Sequence[str]) -> None:
    """Store the parts of a search for one instrument, whose exposures are sorted into modes."""
    parkeys = newest_parkeys(instrument) if datasets.has_modes() else None
    Chunk.objects.bulk_create(
        Chunk(
            transition=row,
            instrument=instrument,
            source=source,
            types=list(kinds),
            parkeys_id=parkeys.pk if parkeys else None,
            first=first,
            last=last,
        )
        for source, kinds, first, last in (
            _parts(row, instrument, types, parkeys)
            if parkeys
            else [(Source.ARCHIVE, tuple(types), None, None)]
        )
    )


def _parts(
    row: Transition, instrument: str, types: Sequence[str], parkeys: ModeParkeys
) -> Iterator[tuple[Source, Sequence[str], int, int]]:
    """Yield source, types and range of each part."""
    old, new = contexts.get_context(row.old), contexts.get_context(row.new)
    planned = [*planned_types(old, new, instrument, types)]
    others = [reftype for reftype in types if reftype not in planned]
    exposures = Dataset.objects.filter(instrument=instrument)
    if planned:
        for first, last in datasets.mode_ranges(parkeys, at_least=MODES_AT_LEAST, at_most=PARTS_AT_MOST):
            yield Source.MODES, planned, first, last
        odd = exposures.filter(mode=datasets.odd_mode(parkeys))
        for first, last in datasets.exposure_ranges(odd, size=EXPOSURES):
            yield Source.ODD, planned, first, last
    if others:
        for first, last in datasets.exposure_ranges(exposures, size=EXPOSURES):
            yield Source.EXPOSURES, others, first, last


def is_current(row: Transition) -> bool:
    """Return whether the parts still cover all exposures.

    They do not if a new parkey has come into use since, because exposures were then sorted into other modes.
    """
    planned = row.chunks.exclude(parkeys_id=None).values_list("instrument", "parkeys_id").distinct()
    newest = {instrument: newest_parkeys(instrument) for instrument, _ in planned}
    return all(parkeys == getattr(newest[instrument], "pk", None) for instrument, parkeys in planned)


def take(row: Transition, job: Job) -> Chunk | None:
    """Take a part that no living worker has, or return None. Of several workers one gets it."""
    for chunk in row.chunks.filter(done_at=None).order_by("pk").defer("changes", "result", "products"):
        if chunk.job_id and jobs.has_claim(Job(pk=chunk.job_id, attempts=chunk.attempt or 0)):
            continue
        free = Chunk.objects.filter(pk=chunk.pk, done_at=None, job_id=chunk.job_id, attempt=chunk.attempt)
        if free.update(job_id=job.pk, attempt=job.attempts):
            return chunk
    return None


def do(chunk: Chunk, row: Transition, job: Job) -> None:
    """Compare the exposures of a part, and store the result unless another worker took the part."""
    old, new = contexts.get_context(row.old), contexts.get_context(row.new)
    found, changes = InstrumentComparison(), ModeChanges()
    if chunk.source == Source.MODES:
        changes = _compare_modes(chunk, old, new, found)
    else:
        compare_headers(found, old, new, chunk.instrument, _headers(chunk), chunk.types)
    # PostgreSQL ends a transaction in which nothing happens for a while, so it begins when all is ready.
    ready = {"result": found.as_json(), "products": list(found.products), "changes": packed(changes, found)}
    with transaction.atomic():
        require_claim(job)
        mine = Chunk.objects.filter(pk=chunk.pk, done_at=None, job_id=job.pk, attempt=job.attempts)
        mine.update(done_at=timezone.now(), **ready)


def _headers(chunk: Chunk) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Return id and header of the exposures of a part that is asked header by header."""
    if chunk.source == Source.ARCHIVE:
        return datasets.headers_of_instrument(chunk.instrument)
    assert chunk.first is not None and chunk.last is not None  # noqa: S101, PT018 (such parts have a range)
    rows = Dataset.objects.filter(instrument=chunk.instrument)
    if chunk.source == Source.ODD:
        rows = rows.filter(mode__parkeys=chunk.parkeys_id, mode__digest="")
    return datasets.headers_between(rows, chunk.first, chunk.last)


def _compare_modes(chunk: Chunk, old: Context, new: Context, found: InstrumentComparison) -> ModeChanges:
    assert chunk.first is not None and chunk.last is not None  # noqa: S101, PT018 (parts of modes have a range)
    planned = planned_types(old, new, chunk.instrument, chunk.types)
    assert chunk.parkeys_id is not None  # noqa: S101 (parts of modes were planned with parkeys)
    modes = datasets.modes_between(chunk.parkeys_id, chunk.first, chunk.last)
    changes = changes_of_modes(modes, planned)
    count_affected(found, chunk.instrument, changes)
    return changes


def packed(changes: ModeChanges, found: InstrumentComparison) -> dict[str, object]:
    """Return changes as plain values. Lists of intervals that many modes share are kept once."""
    lists: dict[int, int] = {}
    intervals: list[list[list[str | None]]] = []
    modes: dict[str, dict[str, int]] = {}
    for mode, types in changes.items():
        for reftype, changed in types.items():
            if not changed:
                continue
            if id(changed) not in lists:
                lists[id(changed)] = len(intervals)
                intervals.append([[each.start, each.end, each.was, each.is_now] for each in changed])
            modes.setdefault(str(mode), {})[reftype] = lists[id(changed)]
    return {"intervals": intervals, "modes": modes, "exposures": found.exposures}
