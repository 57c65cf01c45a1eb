"""The table of mails, sent and unsent."""

from django.db import models
from django.utils import timezone


class Mail(models.Model):
    """One mail. Its job, of kind ``mail``, has the next attempt and the final failure."""

    key = models.CharField(
        max_length=200, unique=True, help_text="Name of the event that it reports; one mail per event."
    )
    recipients = models.JSONField(help_text="List of addresses.")
    delivered_to = models.JSONField(default=list, help_text="Recipients whose copy the mail server has.")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    unsubscribe = models.CharField(
        max_length=2000, blank=True, help_text="Address by which its reader ends such mails; empty if none."
    )
    made_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(
        null=True, help_text="When the mail server took it for the last recipient; empty before."
    )
    error = models.TextField(blank=True, help_text="Why the last attempt did not reach everybody.")

    def __str__(self) -> str:
        return f"mail {self.pk} ({self.key})"

    @property
    def missing(self) -> list[str]:
        """The recipients who do not have it yet."""
        return [address for address in self.recipients if address not in self.delivered_to]
