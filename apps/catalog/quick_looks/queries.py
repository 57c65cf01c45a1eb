"""The state of the quick look into a file."""

from dataclasses import dataclass
from enum import StrEnum

from apps.catalog.models import File
from apps.catalog.quick_looks import stored
from apps.catalog.quick_looks.stored import find_file as picture_path
from apps.certify.quick_looks.values import QuickLook
from apps.jobs import queries as jobs
from apps.jobs.states import Status as JobStatus

__all__ = ["KIND", "LookState", "Status", "picture_path", "state_of"]

KIND = "look"


class Status(StrEnum):
    """The status of the look into a file."""

    MADE = "made"
    FAILED = "failed"  # It is not tried again unless a person says so.
    WAITING = "waiting"  # A worker has it, or will.
    BUSY = "busy"  # Too many others wait, so this one is not queued.
    NONE = "none"  # Nobody has asked yet.
    NOT_HELD = "not_held"  # There are no bytes to look at.


@dataclass(frozen=True, slots=True)
class LookState:
    """The status of the look into a file, and its result.

    Attributes
    ----------
    look
        The look, only if it is made.
    reason
        The reason why it failed.
    """

    status: Status
    look: QuickLook | None = None
    reason: str = ""


def state_of(file: File) -> LookState:
    """Return the state of the look into a file; for a finished look the database is not asked."""
    if not file.is_held:
        return LookState(Status.NOT_HELD)
    look = stored.find(file.sha1sum)
    if look is not None:
        return LookState(Status.FAILED, None, look.failure) if look.failure else LookState(Status.MADE, look)
    job = jobs.find_job(kind=KIND, subject_id=file.pk)
    if job is not None and not job.is_over:
        return LookState(Status.WAITING)
    if job is not None and job.status == JobStatus.FAILED:
        return LookState(
            Status.FAILED, None, jobs.result_of(job) or f"Internal error, incident {job.incident}."
        )
    # The job is done, but there is no look: somebody emptied the cache.
    return LookState(Status.NONE)
