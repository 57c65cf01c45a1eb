"""What people deliver."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class IngestFile(models.Model):
    """One file in the ingest area of one person, complete or still on its way.

    The bytes are where `ingest.path_of` says; those of an unfinished file where `ingest.part_of` does.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ingest_files")
    name = models.CharField(max_length=128, help_text="As it was uploaded, to the letter.")
    size = models.BigIntegerField(help_text="Bytes, when it is complete.")
    sha1sum = models.CharField(max_length=40, blank=True, help_text="Lower-case hex; empty until complete.")
    started_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, help_text="When its last byte was stored.")

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["owner", "name"], name="ingest_name_is_unique"),
            models.CheckConstraint(condition=Q(size__gte=0), name="ingest_size_is_not_negative"),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(sha1sum__regex=r"^[0-9a-f]{40}$"),
                name="complete_ingest_file_has_sha1sum",
            ),
        )

    def __str__(self) -> str:
        return self.name
