"""Repair after dead workers and lost announcements, and removal of old channels."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.jobs import channels
from apps.jobs.models import Channel, Job
from apps.jobs.pipeline import clock
from apps.jobs.pipeline.claim import is_due, patience
from apps.jobs.registry import attempts_of
from apps.jobs.states import Status

logger = logging.getLogger(__name__)

ANNOUNCE_AGAIN = timedelta(seconds=15)  # An announcement without an answer for so long may be lost.


def put_back_lost_jobs() -> int:
    """Put back the jobs of dead workers, or end those without attempts left; return their number.

    The clock of the database decides, because those of workers differ. It may go back: then heartbeats seem
    to come from the future, and count from now on.
    """
    running = Job.objects.filter(status=Status.RUNNING)
    _count_from_now_on(running.filter(heartbeat_at__gt=clock.now() + patience()))
    stale = running.filter(heartbeat_at__lt=clock.now() - patience())
    return sum(map(_put_back, stale))


@transaction.atomic
def _count_from_now_on(jobs: "QuerySet[Job]") -> None:
    # A frozen worker may have locked the row of its job. It is left to a later sweep: otherwise the sweeps of
    # all workers would queue behind the frozen one.
    free = list(jobs.select_for_update(skip_locked=True).values_list("pk", flat=True))
    if free:
        logger.warning("%d jobs have heartbeats from the future; the clock went back", len(free))
        Job.objects.filter(pk__in=free).update(heartbeat_at=clock.now())


@transaction.atomic
def _put_back(job: Job) -> bool:
    # The heartbeat is checked again, because it may have arrived meanwhile.
    stale = Job.objects.filter(
        job.guard(), pk=job.pk, status=Status.RUNNING, heartbeat_at__lt=clock.now() - patience()
    )
    if not list(stale.select_for_update(skip_locked=True).values_list("pk", flat=True)):
        return False
    mine = Job.objects.filter(job.guard(), pk=job.pk, status=Status.RUNNING)
    if job.abort_at is not None:
        return _end_lost(mine, job, Status.CANCELLED, 3, "Aborted on request.")
    if job.attempts >= attempts_of(job.kind):
        reason = f"Internal error, incident {job.incident}: its worker died {job.attempts} times."
        return _end_lost(mine, job, Status.FAILED, 1, reason)
    if not mine.update(status=Status.QUEUED, announced_at=None):
        return False
    logger.warning("%s was put back, because %s died", job, job.worker)
    if job.channel_id:
        channels.append(job.channel_id, "log_message", "The worker of this job died; another one takes it.")
    return True


def _end_lost(mine: "QuerySet[Job]", job: Job, status: Status, number: int, reason: str) -> bool:
    if not mine.update(status=status, finished_at=timezone.now()):
        return False
    logger.error("%s is %s after %d attempts, incident %s", job, status, job.attempts, job.incident)
    if job.channel_id:
        channels.close(job.channel_id, number, reason)
    return True


def jobs_to_announce(*, is_start: bool = False) -> list[int]:
    """Return the jobs to announce now, oldest first, and note their announcement.

    A job is announced again after `ANNOUNCE_AGAIN`. Then the intervals double, because announcements pile up
    in the queue of busy workers. When a worker starts (`is_start`), every waiting job is announced: the last
    announcement may have been in the memory of a worker that died.
    """
    now = timezone.now()
    due = Job.objects.filter(is_due(), status=Status.QUEUED).order_by("pk")
    chosen = [job for job in due.only("announced_at", "queued_at") if is_start or _is_unanswered(job, now)]
    return [job.pk for job in chosen if note_announcement(job.pk, job.announced_at)]


def _is_unanswered(job: Job, now: datetime) -> bool:
    if job.announced_at is None or job.announced_at > now:  # The clock may have gone back.
        return True
    return now - job.announced_at > max(ANNOUNCE_AGAIN, job.announced_at - job.queued_at)


def note_announcement(job_id: int, before: datetime | None) -> bool:
    """Note that a job is announced now, unless it was since `before`; return whether it was noted."""
    waiting = Job.objects.filter(pk=job_id, status=Status.QUEUED, announced_at=before)
    with transaction.atomic():
        free = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True))
        return bool(waiting.filter(pk__in=free).update(announced_at=timezone.now()))


def clean_channels() -> int:
    """Remove channels that ended, or were opened and never used, too long ago; return the number of rows."""
    limit = timezone.now() - timedelta(hours=settings.CHANNEL_RETENTION_HOURS)
    old = Q(done_at__lt=limit) | Q(done_at=None, taken_at=None, opened_at__lt=limit)
    removed, _ = Channel.objects.filter(old).delete()
    return removed
