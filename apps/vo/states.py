"""The phases of a query that runs as a job (UWS 1.1, section 2.1)."""

from django.db.models import TextChoices


class Status(TextChoices):
    """The phase of a job, as clients read it."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"


# A client takes PENDING for "not started", so no phase leads back to it.
ENTERED_FROM: dict[str, set[str]] = {
    Status.QUEUED: {Status.PENDING},
    Status.EXECUTING: {Status.QUEUED},
    Status.COMPLETED: {Status.EXECUTING},
    Status.ERROR: {Status.QUEUED, Status.EXECUTING},
    Status.ABORTED: {Status.PENDING, Status.QUEUED, Status.EXECUTING},
}
ACTIVE = (Status.PENDING, Status.QUEUED, Status.EXECUTING)
OVER = (Status.COMPLETED, Status.ERROR, Status.ABORTED)
# Phases that a service may have and ours never enters.
OTHER = ("HELD", "SUSPENDED", "UNKNOWN", "ARCHIVED")
EVERY_PHASE = (*Status.values, *OTHER)
