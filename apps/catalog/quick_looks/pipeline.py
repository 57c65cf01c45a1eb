"""The work of a worker: look into a file, and store the look."""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from apps.catalog.models import File
from apps.catalog.quick_looks import stored
from apps.catalog.quick_looks.queries import KIND
from apps.catalog.reading import checked_path
from apps.certify.errors import ChildAbortedError
from apps.certify.quick_looks.errors import TooMuchError
from apps.certify.quick_looks.runner import LOOK_LIMITS, look_into
from apps.certify.quick_looks.values import LOOK_FILE, QuickLook
from apps.jobs.models import Job
from apps.jobs.pipeline import require_claim
from apps.jobs.queries import has_claim
from apps.jobs.states import Status

logger = logging.getLogger(__name__)

REMEMBERED = timedelta(days=7)  # time for which the rows of finished jobs are kept


def run(job: Job) -> None:
    """Make the look into the file of a job, unless another file with the same bytes has one.

    If a file exceeds the limits, its look says so, and it is not tried again.
    """
    assert job.subject_id is not None  # noqa: S101 (it was queued for a file)
    file = File.objects.get(pk=job.subject_id)
    if stored.find(file.sha1sum) is not None:
        return
    with stored.workshop() as folder:
        try:
            _look_into(job, file, folder)
        except ChildAbortedError:
            require_claim(job)
            raise
        except TooMuchError as exc:
            _write_failure(folder, str(exc))
        require_claim(job)
        stored.publish(folder, file.sha1sum)


def _look_into(job: Job, file: File, folder: Path) -> None:
    look_into(
        checked_path(file),
        folder,
        name=file.name,
        observatory=settings.OBSERVATORY,
        limits=replace(LOOK_LIMITS, seconds=settings.LOOK_SECONDS, memory=settings.LOOK_MEMORY_BYTES),
        is_aborted=lambda: not has_claim(job),
    )


def _write_failure(folder: Path, reason: str) -> None:
    """Replace everything in a folder by a look that gives the reason of the failure."""
    for path in folder.iterdir():
        path.unlink()
    (folder / LOOK_FILE).write_bytes(QuickLook(failure=reason).dumps())


def sweep() -> None:
    """Remove old looks and the rows of their jobs, so that they do not grow without end."""
    removed = stored.trim(settings.LOOKS_BYTES)
    done = Job.objects.filter(kind=KIND, status__in=(Status.COMPLETED, Status.CANCELLED))
    rows, _ = done.filter(finished_at__lt=timezone.now() - REMEMBERED).delete()
    if removed or rows:
        logger.info("sweep of looks: %d looks and %d rows of jobs removed", removed, rows)
