"""The outcomes of a search for one reference."""

from django.db.models import TextChoices


class Outcome(TextChoices):
    """The outcome for one type."""

    FOUND = "found"
    NOT_APPLICABLE = "n/a"
    ERROR = "error"
