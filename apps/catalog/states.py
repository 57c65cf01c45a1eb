"""The states of a file, as the wire names them."""

from django.db import models


class FileState(models.TextChoices):
    """Where a file is on its way into the archive; clients are silent about the last four only."""

    UPLOADED = "uploaded"
    SUBMITTED = "submitted"
    ARCHIVING = "archiving"
    ARCHIVING_FAILED = "archiving-failed"
    BAD = "bad"
    DELIVERED = "delivered"
    ARCHIVED = "archived"
    OPERATIONAL = "operational"
    LATEST = "latest"


class FileKind(models.TextChoices):
    """The two kinds of file that CRDS distributes."""

    MAPPING = "mapping"
    REFERENCE = "reference"


class ChangeLevel(models.TextChoices):
    """How much a file changes the science, as its deliverer judges."""

    TRIVIAL = "trivial"
    MODERATE = "moderate"
    SEVERE = "severe"
