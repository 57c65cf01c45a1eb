"""Lanes: how many jobs of a kind, and of one person, run at once, and whose turn is next.

The lanes together are narrower than the threads of a worker. So the heartbeat, the sweeps and other
housekeeping always find a thread, whatever people send.
"""

from collections import Counter

from django.conf import settings
from django.db.models import QuerySet

from apps.jobs.models import Job
from apps.jobs.pipeline.claim import is_due
from apps.jobs.states import Status

LOOKED_AT = 500  # waiting jobs among which the next one is chosen


def has_room(job: Job) -> bool:
    """Return whether one more job of this kind and this person may run now.

    Two workers that ask at the same moment may both be told so. The lane is then wider by one for a while.
    """
    running = _running(job.kind)
    return running.total() < _width(job.kind) and _may_run(job, running)


def find_next(kind: str) -> int | None:
    """Return the key of the waiting job whose turn it is, or None if there is no room or no job.

    It is the oldest job of the person with the fewest running jobs.
    """
    running = _running(kind)
    if running.total() >= _width(kind):
        return None
    waiting = _due(kind).order_by("pk").only("pk", "user", "kind")[:LOOKED_AT]
    allowed = [job for job in waiting if _may_run(job, running)]
    return min(allowed, key=lambda job: (running[job.user], job.pk)).pk if allowed else None


def _running(kind: str) -> Counter[str]:
    """Return the number of running jobs of a kind, by person."""
    return Counter(Job.objects.filter(kind=kind, status=Status.RUNNING).values_list("user", flat=True))


def _due(kind: str) -> "QuerySet[Job]":
    return Job.objects.filter(is_due(), kind=kind, status=Status.QUEUED)


def _may_run(job: Job, running: Counter[str]) -> bool:
    # Work that nobody asked for, such as mails, has no person.
    is_personal = job.user and job.kind in settings.JOBS_OF_PEOPLE
    return not is_personal or running[job.user] < settings.JOBS_PER_PERSON


def _width(kind: str) -> float:
    return float(settings.JOB_LANES.get(kind, "inf"))
