"""The statuses of a transition."""

from django.db.models import TextChoices


class Status(TextChoices):
    """The status of the search for affected datasets."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    SKIPPED = "skipped"  # Latest moved back to an older context; this is not searched unless somebody asks.


ENTERED_FROM: dict[str, set[str]] = {
    Status.RUNNING: {Status.PENDING, Status.RUNNING},  # If its worker died, another worker starts again.
    Status.COMPLETE: {Status.RUNNING},
    Status.FAILED: {Status.PENDING, Status.RUNNING},
    Status.PENDING: {Status.COMPLETE, Status.FAILED, Status.SKIPPED},  # Somebody asked for it again.
}
# Of the impact of new rules. A worker that takes the job of a dead one finds it running.
IMPACT_ENTERED_FROM: dict[str, set[str]] = {
    Status.RUNNING: {Status.PENDING, Status.RUNNING},
    Status.COMPLETE: {Status.RUNNING},
    Status.FAILED: {Status.PENDING, Status.RUNNING},
    Status.PENDING: {Status.COMPLETE, Status.FAILED},
}
ALIVE = (Status.PENDING, Status.RUNNING)
LOOKS = {
    Status.PENDING: "calm",
    Status.RUNNING: "calm",
    Status.COMPLETE: "good",
    Status.FAILED: "bad",
    Status.SKIPPED: "plain",
}
