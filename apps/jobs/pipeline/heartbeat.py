"""The heartbeat of a worker, from a thread that runs beside the work."""

import contextlib
import logging
import threading
from collections.abc import Iterator

from django.conf import settings
from django.db import Error, connections

from apps.jobs.models import Job
from apps.jobs.pipeline.claim import beat

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def beating(job: Job) -> Iterator[None]:
    """Keep the heartbeat of a job fresh until the block ends or the job is lost."""
    stop = threading.Event()
    # A copy keeps the number of the claim; nothing else changes it.
    mine = Job(pk=job.pk, kind=job.kind, attempts=job.attempts)
    thread = threading.Thread(target=_beat_until, args=(mine, stop), name=f"heartbeat-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat_until(job: Job, stop: threading.Event) -> None:
    while not stop.wait(settings.HEARTBEAT_SECONDS):
        try:
            if not beat(job):
                return
        except Error as exc:
            # The next beat may succeed. If none does, the sweep rightly takes the job for lost.
            logger.warning("no heartbeat of %s: %s", job, exc)
        finally:
            # Free the connection between two beats.
            connections.close_all()
