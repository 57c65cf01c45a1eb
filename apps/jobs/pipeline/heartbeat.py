"""The heartbeat of a worker, from a thread beside the work."""

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
    # It knows the number of the claim by a copy that nothing else changes.
    mine = Job(pk=job.pk, kind=job.kind, attempts=job.attempts)
    thread = threading.Thread(target=_beat_until, args=(mine, stop), name=f"pulse-{job.pk}", daemon=True)
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
            # The next beat may get through; if none does, the job is taken for lost, rightly.
            logger.warning("no heartbeat of %s: %s", job, exc)
        finally:
            # Between two beats the connection serves others.
            connections.close_all()
