"""Observed datasets and their matching parameters."""

from django.db import models


class Dataset(models.Model):
    """One exposure: its id in two parts and its matching parameters."""

    product = models.CharField(max_length=128, help_text="Upper case; what it is part of.")
    exposure = models.CharField(max_length=128, help_text="Upper case.")
    instrument = models.CharField(max_length=32, help_text="Lower case.")
    program = models.CharField(max_length=32, blank=True)
    header = models.JSONField(help_text="Upper-case keyword to text.")
    observed_at = models.DateTimeField(
        null=True, help_text="UTC; start of the exposure, if the header tells."
    )
    imported_at = models.DateTimeField(auto_now=True, help_text="UTC; when this header was first seen.")

    class Meta:
        # The constraint serves as the index of products; each further index slows an import down.
        indexes = (
            models.Index(fields=["exposure"]),
            models.Index(fields=["instrument", "observed_at"]),
        )
        constraints = (models.UniqueConstraint(fields=["product", "exposure"], name="one_row_per_exposure"),)

    def __str__(self) -> str:
        return self.dataset_id

    @property
    def dataset_id(self) -> str:
        """The two-part id, ``PRODUCT:EXPOSURE``."""
        return f"{self.product}:{self.exposure}"


class ImportProgress(models.Model):
    """The progress of the import of one file. The row is deleted when the import ends."""

    path = models.CharField(max_length=1024, unique=True, help_text="Absolute.")
    version = models.CharField(
        max_length=64, help_text="Size in bytes and time of the last change of the file."
    )
    done = models.PositiveBigIntegerField(
        help_text="Number of the last row that is stored, with all before it."
    )

    def __str__(self) -> str:
        return f"{self.path} to row {self.done}"
