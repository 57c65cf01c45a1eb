"""The work of a worker: keep the best references of all datasets under the latest context."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from apps.bestrefs.models import BestReference, KeptDataset
from apps.bestrefs.outcomes import TypeOutcome, outcome_of
from apps.bestrefs.states import Outcome
from apps.contexts import queries as contexts
from apps.contexts.models import Pointer
from apps.datasets.models import Dataset
from apps.jobs import operations as jobs
from apps.jobs.models import Job
from apps.jobs.pipeline import require_claim
from apps.jobs.queries import count_unfinished
from apps.rules.errors import CrdsError
from apps.rules.lookup.context import Context

logger = logging.getLogger(__name__)

KIND = "bestrefs"
AT_ONCE = 500  # datasets in one transaction


def follow() -> bool:
    """Queue a job if datasets lack answers under the latest context; return whether one was queued."""
    latest = contexts.find_pointed(Pointer.LATEST)
    if latest is None or count_unfinished(KIND) or not stale(latest).exists():
        return False
    jobs.start(KIND, subject_id=None, user="", channel=None, is_watched=False)
    return True


def run(job: Job) -> None:
    """Compute the answers that are missing or old. Another run continues where a dead worker stopped."""
    keep(job)


def keep(job: Job | None = None) -> int:
    """Compute the answers that are missing or old, and return the number of datasets."""
    latest = contexts.find_pointed(Pointer.LATEST)
    if latest is None:
        return 0
    rules, done = contexts.get_context(latest), 0
    while some := list(stale(latest).order_by("pk")[:AT_ONCE]):
        answers = [row for dataset in some for row in _answers(dataset, rules)]
        with transaction.atomic():
            if job is not None:
                require_claim(job)
            _replace(some, answers, latest)
        done += len(some)
    logger.info("the best references of %d datasets were computed under %s", done, latest)
    return done


def stale(context: str) -> QuerySet[Dataset]:
    """Return the datasets without answers under a context, or with a newer header than their answers."""
    other = Q(kept=None) | ~Q(kept__context=context) | ~Q(kept__imported_at=F("imported_at"))
    return Dataset.objects.filter(other)


def _replace(datasets: Sequence[Dataset], answers: Sequence[BestReference], context: str) -> None:
    keys = [dataset.pk for dataset in datasets]
    BestReference.objects.filter(dataset__in=keys).delete()
    KeptDataset.objects.filter(dataset__in=keys).delete()
    BestReference.objects.bulk_create(answers, batch_size=AT_ONCE)
    KeptDataset.objects.bulk_create(
        [KeptDataset(dataset=one, context=context, imported_at=one.imported_at) for one in datasets]
    )


def _answers(dataset: Dataset, rules: Context) -> Iterator[BestReference]:
    now = timezone.now()
    for filekind, outcome in _outcomes(dataset, rules):
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
