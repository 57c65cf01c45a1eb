"""The statuses of a transition."""

from django.db.models import TextChoices


class Status(TextChoices):
    """How far the search for its affected datasets is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    SKIPPED = "skipped"  # Latest moved back; nobody asks what that affects.


ENTERED_FROM: dict[str, set[str]] = {
    Status.RUNNING: {Status.PENDING, Status.RUNNING},  # If its worker died, another one starts again.
    Status.COMPLETE: {Status.RUNNING},
    Status.FAILED: {Status.PENDING, Status.RUNNING},
    Status.PENDING: {Status.COMPLETE, Status.FAILED, Status.SKIPPED},  # Somebody asked for it again.
}
ALIVE = (Status.PENDING, Status.RUNNING)
LOOKS = {
    Status.PENDING: "warn",
    Status.RUNNING: "warn",
    Status.COMPLETE: "good",
    Status.FAILED: "bad",
    Status.SKIPPED: "plain",
}
