"""Reads of the outbox."""

from django.utils import timezone

from apps.mails.models import Mail
from apps.mails.states import Status


def find_mail(key: str) -> Mail | None:
    """Return the mail that tells of something, or None if there is none."""
    return Mail.objects.filter(key=key).first()


def due_mails() -> list[int]:
    """Return the primary keys of the mails that a worker may take now, oldest first."""
    due = Mail.objects.filter(status=Status.WAITING, not_before__lte=timezone.now())
    return list(due.order_by("pk").values_list("pk", flat=True))
