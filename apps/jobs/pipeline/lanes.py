"""Lanes: how many jobs of a kind, and of one person, run at once, and whose turn is next.

The lanes together are narrower than the threads of a worker. So the heartbeat, the sweeps and other
housekeeping always find a thread, whatever people send.
"""

from collections import Counter

from django.conf import settings
from django.db.models import Min, QuerySet

from apps.jobs.models import Job
from apps.jobs.pipeline import clock
from apps.jobs.pipeline.claim import is_due, patience
from apps.jobs.states import Status


def has_room(job: Job) -> bool:
    """Return whether one more job of this kind and this person may run now.

    Two workers that ask at the same moment may both be told so. The lane is then wider by one for a while.
    """
    running = _running(job.kind)
    return running.total() < _width(job.kind) and _may_run(job.kind, job.user, running)


def find_next(kind: str) -> int | None:
    """Return the key of the waiting job whose turn it is, or None if there is no room or no job.

    It is the oldest job of the person with the fewest running jobs.
    """
    running = _running(kind)
    if running.total() >= _width(kind):
        return None
    # One row for each person, however many jobs somebody has queued.
    oldest = _due(kind).order_by().values_list("user").annotate(oldest=Min("pk"))
    allowed = [(running[user], key) for user, key in oldest if _may_run(kind, user, running)]
    return min(allowed)[1] if allowed else None


def _running(kind: str) -> Counter[str]:
    """Return the number of running jobs of a kind, by person; those whose worker is dead do not count.

    The sweep cannot put such a job back while a process that is frozen holds its row.
    """
    running = Job.objects.filter(kind=kind, status=Status.RUNNING)
    alive = running.exclude(heartbeat_at__lt=clock.now() - patience())
    return Counter(alive.values_list("user", flat=True))


def _due(kind: str) -> "QuerySet[Job]":
    return Job.objects.filter(is_due(), kind=kind, status=Status.QUEUED)


def _may_run(kind: str, user: str, running: Counter[str]) -> bool:
    # Work that nobody asked for, such as mails, has no person.
    is_personal = user and kind in settings.JOBS_OF_PEOPLE
    return not is_personal or running[user] < settings.JOBS_PER_PERSON


def _width(kind: str) -> float:
    return float(settings.JOB_LANES.get(kind, "inf"))
