"""The work of a worker: find the datasets whose best references a move of latest changes."""

import logging
import time
from collections import Counter

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.contexts import queries as contexts
from apps.core.addresses import absolute
from apps.core.errors import ConflictError
from apps.datasets import queries as datasets
from apps.datasets.operations import cover_parkeys
from apps.datasets.pipeline import sort_into_modes
from apps.jobs import operations as jobs
from apps.jobs.models import Job
from apps.jobs.pipeline import finish, require_claim, say
from apps.jobs.queries import find_job, result_of
from apps.reprocessing import affected_products, chunks, mails
from apps.reprocessing.comparison import InstrumentComparison, Types, changed_types
from apps.reprocessing.log_lines import write_summary
from apps.reprocessing.models import Transition
from apps.reprocessing.queries import HELP, KIND
from apps.reprocessing.states import ALIVE, Status

logger = logging.getLogger(__name__)

BATCHES = 50  # of exposures, between two messages of progress
PAUSE = 0.2  # seconds between two looks for parts that became free


def run(job: Job) -> None:
    """Find the affected datasets of the transition of a job, and store them.

    The search is divided into parts. Parts that are done stay done if the worker dies.
    """
    row = _transition(job)
    row.enter(Status.RUNNING, started_at=timezone.now(), ended_at=None, reason="")
    types = changed_types(row.old, row.new)
    say(job, "log_message", f"{row.old} --> {row.new} changes {listed(types)}.")
    while True:
        _plan(job, row, types)
        _call_helpers(row)
        _do_all(job, row)
        if chunks.is_current(row):
            break
        say(job, "log_message", "A new parkey came into use. The search starts again.")
        row.chunks.all().delete()
    found = _found(row, types)
    with transaction.atomic():
        products = affected_products.merge(row)
        require_claim(job)
        _keep(row, types, found, products)
        if row.change_id:
            mails.ended(row, attempt=job.pk)
        finish(job, 0, absolute(row.get_absolute_url()).rstrip("/"))


def help_search(job: Job) -> None:
    """Do parts of the search of another worker until none is left."""
    row = _transition(job)
    while row.status == Status.RUNNING and (chunk := chunks.take(row, job)):
        chunks.do(chunk, row, job)
        row.refresh_from_db(fields=["status"])


def _transition(job: Job) -> Transition:
    assert job.subject_id is not None  # noqa: S101 (it was queued for a transition)
    return Transition.objects.get(pk=job.subject_id)


def listed(types: Types) -> str:
    """Return instruments and their types as text for people."""
    return "; ".join(f"{instrument}: {', '.join(kinds)}" for instrument, kinds in types.items()) or "nothing"


def _plan(job: Job, row: Transition, types: Types) -> None:
    """Sort the exposures into modes and store the parts of the search, unless an earlier attempt did."""
    if row.chunks.exists():
        return
    for instrument in types if datasets.has_modes() else ():
        cover_parkeys(instrument, _parkeys(row, instrument))
        for number, done in enumerate(sort_into_modes(instrument), start=1):
            if number % BATCHES == 0:
                say(job, "log_message", f"{instrument}: {done} exposures are sorted by their parameters.")
    with transaction.atomic():
        require_claim(job)
        for instrument, kinds in types.items():
            chunks.plan(row, instrument, kinds)


def _parkeys(row: Transition, instrument: str) -> set[str]:
    """Return the parkeys of an instrument under both contexts."""
    found: set[str] = set()
    for name in (row.old, row.new):
        required = contexts.get_context(name).required_parkeys()
        found.update(required.get(instrument, ()) if isinstance(required, dict) else required)
    return found


def _call_helpers(row: Transition) -> None:
    """Queue jobs by which other workers take parts of a large search."""
    with transaction.atomic():
        for _ in range(min(settings.REPROCESSING_HELPERS, row.chunks.filter(done_at=None).count() - 1)):
            jobs.start(HELP, subject_id=row.pk, user="", channel=None, is_watched=False)


def _do_all(job: Job, row: Transition) -> None:
    """Do parts until all are done, by this worker or by others."""
    total = row.chunks.count()
    while left := row.chunks.filter(done_at=None).count():
        chunk = chunks.take(row, job)
        if chunk is None:
            # Another worker has the last parts. If it dies, they can be taken again.
            require_claim(job)
            time.sleep(PAUSE)
            continue
        chunks.do(chunk, row, job)
        say(job, "log_message", f"{chunk.instrument}: {total - left + 1} of {total} parts are done.")


def _found(row: Transition, types: Types) -> InstrumentComparison:
    """Return the results of all parts together, without their products."""
    found = InstrumentComparison()
    for result in row.chunks.order_by("pk").values_list("result", flat=True).iterator(chunk_size=20):
        found.add(InstrumentComparison.from_json(result))
    if datasets.has_modes():
        found.examined = sum(map(datasets.count_exposures, types))
    for instrument in types:
        found.counts.setdefault(instrument, Counter())
    return found


def _keep(row: Transition, types: Types, found: InstrumentComparison, products: int) -> None:
    ended_at = timezone.now()
    row.enter(
        Status.COMPLETE,
        ended_at=ended_at,
        affected_count=products,
        counts={instrument: dict(sorted(counts.items())) for instrument, counts in found.counts.items()},
        examined_count=found.examined,
        error_count=found.errors,
        summary=write_summary(row, listed(types), found, products, ended_at),
    )
    row.chunks.update(result={}, products=[])
    logger.info("%s complete, %d products, %d errors", row, row.affected_count, row.error_count)


def follow_jobs() -> None:
    """Mark transitions as failed whose job ended without a result: aborted, refused, or dead too often."""
    for row in Transition.objects.filter(status__in=ALIVE):
        job = find_job(kind=KIND, subject_id=row.pk)
        if job is not None and job.is_over:
            _fail(row, job)


@transaction.atomic
def _fail(row: Transition, job: Job) -> None:
    try:
        row.enter(Status.FAILED, ended_at=timezone.now(), reason=result_of(job) or "Its log was removed.")
    except ConflictError:
        # Its worker completed it in the meantime.
        return
    logger.error("%s failed: %s", row, row.reason)
    if row.change_id:
        mails.ended(row, attempt=job.pk)
