"""The states of a file, as the wire names them."""

from django.db import models


class FileState(models.TextChoices):
    """The state of a file on its way into the archive; clients warn about all but the last four."""

    UPLOADED = "uploaded"
    SUBMITTED = "submitted"
    ARCHIVING = "archiving"
    ARCHIVING_FAILED = "archiving-failed"
    BAD = "bad"
    DELIVERED = "delivered"
    ARCHIVED = "archived"
    OPERATIONAL = "operational"
    LATEST = "latest"


class DeliveryStatus(models.TextChoices):
    """The state of one delivery on its way into the archive (website, section 7.15)."""

    OPEN = "open", "open"
    PICKED_UP = "picked_up", "picked up"
    ARCHIVING = "archiving", "archiving"
    ARCHIVED = "archived", "archived"
    FAILED = "failed", "failed"


DELIVERY_ENTERED_FROM: dict[str, set[str]] = {
    # It is handed out again.
    DeliveryStatus.OPEN: {DeliveryStatus.PICKED_UP, DeliveryStatus.ARCHIVING, DeliveryStatus.FAILED},
    DeliveryStatus.PICKED_UP: {DeliveryStatus.OPEN},
    # An archive need not report every step.
    DeliveryStatus.ARCHIVING: {DeliveryStatus.OPEN, DeliveryStatus.PICKED_UP},
    DeliveryStatus.ARCHIVED: {
        DeliveryStatus.OPEN,
        DeliveryStatus.PICKED_UP,
        DeliveryStatus.ARCHIVING,
        DeliveryStatus.FAILED,
    },
    DeliveryStatus.FAILED: {DeliveryStatus.OPEN, DeliveryStatus.PICKED_UP, DeliveryStatus.ARCHIVING},
}

# The state of each file of a delivery, by the status of the delivery.
FILE_STATE: dict[str, FileState] = {
    DeliveryStatus.OPEN: FileState.DELIVERED,
    DeliveryStatus.PICKED_UP: FileState.SUBMITTED,
    DeliveryStatus.ARCHIVING: FileState.ARCHIVING,
    DeliveryStatus.ARCHIVED: FileState.ARCHIVED,
    DeliveryStatus.FAILED: FileState.ARCHIVING_FAILED,
}

# No set on the right contains latest or bad: an archive cannot undo what a context or a person decided.
FILE_ENTERED_FROM: dict[FileState, set[FileState]] = {
    FileState.DELIVERED: {FileState.SUBMITTED, FileState.ARCHIVING, FileState.ARCHIVING_FAILED},
    FileState.SUBMITTED: {FileState.DELIVERED},
    FileState.ARCHIVING: {FileState.DELIVERED, FileState.SUBMITTED},
    FileState.ARCHIVED: {
        FileState.DELIVERED,
        FileState.SUBMITTED,
        FileState.ARCHIVING,
        FileState.ARCHIVING_FAILED,
    },
    FileState.ARCHIVING_FAILED: {FileState.DELIVERED, FileState.SUBMITTED, FileState.ARCHIVING},
}


class FileKind(models.TextChoices):
    """The two kinds of file that CRDS distributes."""

    MAPPING = "mapping"
    REFERENCE = "reference"


class ChangeLevel(models.TextChoices):
    """The effect of a file on the science, as its deliverer judges it."""

    TRIVIAL = "trivial"
    MODERATE = "moderate"
    SEVERE = "severe"
