"""The work of a worker: the impact of new rules on all exposures in our table."""

from contextlib import suppress

from django.db import transaction
from django.utils import timezone

from apps.contexts import queries as contexts
from apps.core.errors import ConflictError
from apps.datasets.operations import cover_parkeys
from apps.datasets.pipeline import sort_into_modes
from apps.datasets.queries import has_modes
from apps.jobs.models import Job
from apps.jobs.pipeline import require_claim
from apps.jobs.queries import find_job, result_of
from apps.reprocessing.models import RulesImpact
from apps.reprocessing.states import ALIVE, Status
from apps.rules.errors import CrdsError
from apps.submissions.queries import get_submission
from apps.web.impact_pages.queries import (
    KIND,
    Impact,
    changed_instruments,
    impact_between,
    impact_of,
    parkeys_of,
)


def run(job: Job) -> None:
    """Work out the impact of the row of a job, and store it."""
    assert job.subject_id is not None  # noqa: S101 (it was queued for an impact)
    row = RulesImpact.objects.get(pk=job.subject_id)
    row.enter(Status.RUNNING)
    try:
        _sort(row)
        found = _impact(row)
    except CrdsError as exc:
        with transaction.atomic():
            require_claim(job)
            row.enter(Status.FAILED, reason=str(exc), ended_at=timezone.now())
        raise
    with transaction.atomic():
        require_claim(job)
        row.enter(Status.COMPLETE, result=found.as_json(), ended_at=timezone.now())


def _impact(row: RulesImpact) -> Impact:
    if row.submission is None:
        return impact_between(row.old, row.new)
    return impact_of(get_submission(str(row.submission)))


def _sort(row: RulesImpact) -> None:
    """Sort new exposures into modes, so that they are compared too.

    They are sorted by the parkeys of the rules in use. Those of rules that nobody has confirmed could be
    withdrawn again, and all exposures would be sorted for nothing.
    """
    if not has_modes():
        return
    old = contexts.get_context(row.old)
    for instrument in changed_instruments(row):
        cover_parkeys(instrument, parkeys_of(old, instrument))
        for _done in sort_into_modes(instrument):
            pass


def follow_jobs() -> None:
    """Mark impacts as failed whose job ended without a result."""
    for row in RulesImpact.objects.filter(status__in=ALIVE):
        job = find_job(kind=KIND, subject_id=row.pk)
        if job is not None and job.is_over:
            # Its worker may have completed it in the meantime.
            with suppress(ConflictError):
                reason = result_of(job) or "Its log was removed."
                row.enter(Status.FAILED, ended_at=timezone.now(), reason=reason)
