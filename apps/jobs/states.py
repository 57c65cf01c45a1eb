"""The statuses of a job, and the types of its messages."""

from django.db.models import TextChoices


class Status(TextChoices):
    """The status of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENTERED_FROM: dict[str, set[str]] = {
    Status.RUNNING: {Status.QUEUED},
    Status.QUEUED: {Status.RUNNING},  # Its worker died; it starts again.
    Status.COMPLETED: {Status.RUNNING},
    Status.FAILED: {Status.RUNNING},
    Status.CANCELLED: {Status.QUEUED, Status.RUNNING},
}
OVER = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class MessageType(TextChoices):
    """Types that clients understand (wire protocol, section 6.9). `fail` and `cancel` would crash them."""

    LOG_MESSAGE = "log_message"
    VERBOSE = "verbose"
    WARNING = "warning"
    ERROR = "error"
    DONE = "done"


# The number in `done`, which is also the exit status of the client.
DONE_STATUS: dict[int, Status] = {0: Status.COMPLETED, 1: Status.FAILED, 3: Status.CANCELLED}
