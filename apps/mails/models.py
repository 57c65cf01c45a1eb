"""Mails that are to be sent, and those that were."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.core.models import StatusModel
from apps.mails.states import ENTERED_FROM, Status


class Mail(StatusModel):
    """One mail to some people.

    `attempts` is the fence: a worker remembers the number it claimed the mail with, and whatever it writes
    counts only while the row has the same number.
    """

    entered_from = ENTERED_FROM

    key = models.CharField(max_length=200, unique=True, help_text="What it tells of; it is told once.")
    recipients = models.JSONField(help_text="List of addresses.")
    delivered_to = models.JSONField(default=list, help_text="Those the mail server has taken it for.")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    attempts = models.PositiveIntegerField(default=0, help_text="How often a worker has claimed it.")
    made_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(default=timezone.now, help_text="No worker takes it earlier.")
    claimed_at = models.DateTimeField(null=True, help_text="When its worker was last known to be alive.")
    sent_at = models.DateTimeField(null=True, help_text="When the last recipient was served.")
    error = models.TextField(blank=True, help_text="Why the last attempt did not reach everybody.")

    class Meta:
        indexes = (models.Index(fields=["status", "not_before"]),)
        constraints = (
            models.CheckConstraint(
                condition=~Q(status="sending") | Q(claimed_at__isnull=False, attempts__gte=1),
                name="mail_being_sent_is_claimed",
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | ~Q(status="sent") & Q(sent_at=None),
                name="sent_mail_has_sent_at",
            ),
        )

    def __str__(self) -> str:
        return f"mail {self.pk} ({self.key})"

    @property
    def missing(self) -> list[str]:
        """The recipients who do not have it yet."""
        return [address for address in self.recipients if address not in self.delivered_to]

    def guard(self) -> Q:
        """Let only the worker that has the claim change the row."""
        return Q(attempts=self.attempts)
