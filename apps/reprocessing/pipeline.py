"""The work of a worker: find the datasets whose best references a move of latest changes.

Nothing is stored before the end, so the work may start again after its worker died.
"""

import logging

from django.db import transaction
from django.utils import timezone

from apps.contexts import queries as contexts
from apps.core.addresses import absolute
from apps.core.errors import ConflictError
from apps.jobs import queries as jobs
from apps.jobs.models import Job
from apps.jobs.pipeline import finish, require_claim, say
from apps.reprocessing import mails
from apps.reprocessing.comparison import InstrumentComparison, Types, changed_types, compare_instrument
from apps.reprocessing.log_lines import write_summary
from apps.reprocessing.models import Transition
from apps.reprocessing.queries import KIND
from apps.reprocessing.states import ALIVE, Status

logger = logging.getLogger(__name__)

BATCHES = 10  # between two messages of progress


def run(job: Job) -> None:
    """Find the affected datasets of the transition of a job, and store them."""
    assert job.subject_id is not None  # noqa: S101 (it was queued for a transition)
    row = Transition.objects.get(pk=job.subject_id)
    row.enter(Status.RUNNING, started_at=timezone.now(), ended_at=None, reason="")
    types = changed_types(row.old, row.new)
    say(job, "log_message", f"{row.old} --> {row.new} changes {listed(types)}.")
    found = _find(job, row, types)
    with transaction.atomic():
        require_claim(job)
        _keep(row, types, found)
        mails.ended(row, attempt=job.pk)
        finish(job, 0, absolute(row.get_absolute_url()).rstrip("/"))


def listed(types: Types) -> str:
    """Return instruments and their types as text for people."""
    return "; ".join(f"{instrument}: {', '.join(kinds)}" for instrument, kinds in types.items()) or "nothing"


def _find(job: Job, row: Transition, types: Types) -> InstrumentComparison:
    found = InstrumentComparison()
    if not types:
        return found
    old, new = contexts.get_context(row.old), contexts.get_context(row.new)
    for instrument, changed in types.items():
        batches = compare_instrument(found, old, new, instrument, changed)
        for number, (done, total) in enumerate(batches, start=1):
            if number % BATCHES == 0 or done == total:
                affected = f"{len(found.products)} products are affected so far"
                say(job, "log_message", f"{instrument}: {done} of {total} exposures, {affected}.")
    return found


def _keep(row: Transition, types: Types, found: InstrumentComparison) -> None:
    ended_at = timezone.now()
    row.enter(
        Status.COMPLETE,
        ended_at=ended_at,
        affected_ids=sorted(found.products),
        affected_count=len(found.products),
        counts={instrument: dict(sorted(counts.items())) for instrument, counts in found.counts.items()},
        examined_count=found.examined,
        error_count=found.errors,
        summary=write_summary(row, listed(types), found, ended_at),
    )
    logger.info("%s complete, %d products, %d errors", row, row.affected_count, row.error_count)


def follow_jobs() -> None:
    """Mark transitions as failed whose job ended without a result: aborted, refused, or dead too often."""
    for row in Transition.objects.filter(status__in=ALIVE).defer("affected_ids"):
        job = jobs.find_job(kind=KIND, subject_id=row.pk)
        if job is not None and job.is_over:
            _fail(row, job)


@transaction.atomic
def _fail(row: Transition, job: Job) -> None:
    try:
        row.enter(
            Status.FAILED, ended_at=timezone.now(), reason=jobs.result_of(job) or "Its log was removed."
        )
    except ConflictError:
        # Its worker completed it in the meantime.
        return
    logger.error("%s failed: %s", row, row.reason)
    mails.ended(row, attempt=job.pk)
