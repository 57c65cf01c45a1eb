"""Mails that are to be sent, and those that were."""

from django.db import models
from django.utils import timezone


class Mail(models.Model):
    """One mail to some people. Its job, of kind ``mail``, knows when it is tried again, or that it failed."""

    key = models.CharField(max_length=200, unique=True, help_text="What it tells of; it is told once.")
    recipients = models.JSONField(help_text="List of addresses.")
    delivered_to = models.JSONField(default=list, help_text="Those the mail server has taken it for.")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    made_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, help_text="When the last recipient was served; empty before.")
    error = models.TextField(blank=True, help_text="Why the last attempt did not reach everybody.")

    def __str__(self) -> str:
        return f"mail {self.pk} ({self.key})"

    @property
    def missing(self) -> list[str]:
        """The recipients who do not have it yet."""
        return [address for address in self.recipients if address not in self.delivered_to]
