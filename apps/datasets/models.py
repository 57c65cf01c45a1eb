"""Observed datasets and what rules match on."""

from django.db import models


class Dataset(models.Model):
    """One exposure: its id in two parts and its matching parameters."""

    product = models.CharField(max_length=128, db_index=True, help_text="Upper case; what it is part of.")
    exposure = models.CharField(max_length=128, db_index=True, help_text="Upper case.")
    instrument = models.CharField(max_length=32, help_text="Lower case.")
    program = models.CharField(max_length=32, blank=True)
    header = models.JSONField(help_text="Upper-case keyword to text.")
    observed_at = models.DateTimeField(
        null=True, help_text="UTC; start of the exposure, if the header tells."
    )
    imported_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = (models.Index(fields=["instrument", "observed_at"]),)
        constraints = (models.UniqueConstraint(fields=["product", "exposure"], name="one_row_per_exposure"),)

    def __str__(self) -> str:
        return self.dataset_id

    @property
    def dataset_id(self) -> str:
        """The two-part id, ``PRODUCT:EXPOSURE``."""
        return f"{self.product}:{self.exposure}"
