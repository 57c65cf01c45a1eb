"""The statuses of a mail."""

from django.db.models import TextChoices


class Status(TextChoices):
    """Where a mail stands."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


ENTERED_FROM: dict[str, set[str]] = {
    Status.SENDING: {Status.WAITING},
    Status.WAITING: {Status.SENDING},  # It could not be sent now, or its worker died.
    Status.SENT: {Status.SENDING},
    Status.FAILED: {Status.SENDING},
}
