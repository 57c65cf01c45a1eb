"""The versions of the document of this server, and the drafts of the next one."""

import uuid

from django.db import models
from django.urls import reverse
from django.utils import timezone


class DefinitionVersion(models.Model):
    """One version of the definition, or of the overlay. Its file is never written again.

    The file lies beside the published configuration, and is downloaded from there by its name. Backups have
    the row, from which the file is made again if it is gone.
    """

    number = models.PositiveIntegerField(unique=True, help_text="Rises by at least one.")
    name = models.CharField(max_length=128, unique=True, help_text="Of its file, without directory.")
    version = models.CharField(max_length=40, help_text="As the text says.")
    text = models.TextField()
    size = models.BigIntegerField(help_text="Bytes.")
    sha1sum = models.CharField(max_length=40, help_text="Lower-case hex.")
    made_at = models.DateTimeField(default=timezone.now)
    user = models.CharField(max_length=150, help_text="Account, or the command that acted.")
    why = models.TextField(blank=True, help_text="The reason that was given.")
    changes = models.JSONField(default=list, help_text="What changed, as sentences.")
    context = models.CharField(max_length=128, blank=True, help_text="The context with rules of new types.")

    class Meta:
        ordering = ("-number",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("observatories:version", args=[self.number])


class DefinitionDraft(models.Model):
    """A text that somebody proposes, and what it would do. Exactly this text is confirmed."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.CharField(max_length=150, help_text="Account that proposes it.")
    made_at = models.DateTimeField(default=timezone.now)
    text = models.TextField()
    base = models.CharField(max_length=40, help_text="sha1sum of the text that it was made from.")
    findings = models.JSONField(null=True, help_text="What files in use would say; empty until checked.")
    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.PROTECT, null=True, help_text="What it became; empty until then."
    )

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"draft {self.key}"

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("observatories:draft", args=[self.key])
