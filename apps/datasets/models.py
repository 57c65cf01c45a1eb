"""Observed datasets and their matching parameters."""

from django.db import models


class ModeParkeys(models.Model):
    """The parkeys whose values make the modes of an instrument. Of several rows the newest counts."""

    instrument = models.CharField(max_length=32, help_text="Lower case.")
    number = models.PositiveIntegerField(help_text="1 for the first row of an instrument, and so on.")
    parkeys = models.JSONField(help_text="Upper case, sorted, without dates.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["instrument", "number"], name="one_row_of_parkeys"),)

    def __str__(self) -> str:
        return f"{self.instrument} parkeys {self.number}"


class ExposureMode(models.Model):
    """The values of all parkeys but the date, shared by many exposures.

    One mode of an instrument has no digest: that of exposures which must be asked header by header, because
    their header says something in an unusual way.
    """

    parkeys = models.ForeignKey(ModeParkeys, on_delete=models.PROTECT, related_name="modes")
    digest = models.CharField(max_length=40, blank=True, help_text="SHA-1 of the values.")
    header = models.JSONField(help_text="Parkey to text.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["parkeys", "digest"], name="one_row_per_mode"),)

    def __str__(self) -> str:
        return f"mode {self.pk} {self.digest[:8]}"

    @property
    def is_odd(self) -> bool:
        """Return whether its exposures must be asked header by header."""
        return not self.digest


class Dataset(models.Model):
    """One exposure: its id in two parts and its matching parameters."""

    product = models.CharField(max_length=128, help_text="Upper-case id of the product that it belongs to.")
    exposure = models.CharField(max_length=128, help_text="Upper case.")
    instrument = models.CharField(max_length=32, help_text="Lower case.")
    program = models.CharField(max_length=32, blank=True)
    header = models.JSONField(help_text="Upper-case keyword to text.")
    observed_at = models.DateTimeField(
        null=True, help_text="UTC; start of the exposure; empty if the header does not give it."
    )
    imported_at = models.DateTimeField(auto_now=True, help_text="UTC; when this header was first seen.")
    mode = models.ForeignKey(
        ExposureMode,
        null=True,
        on_delete=models.SET_NULL,
        db_index=False,  # The index below begins with it.
        related_name="datasets",
        help_text="Empty until the exposure is sorted into a mode.",
    )

    class Meta:
        # The constraint serves as the index of products; each further index slows an import down.
        indexes = (
            models.Index(fields=["exposure"]),
            # Programmes are searched by their beginning, which PostgreSQL does with this class of operators.
            models.Index(
                fields=["program"],
                name="datasets_of_program",
                opclasses=["varchar_pattern_ops"],
                condition=~models.Q(program=""),
            ),
            models.Index(fields=["instrument", "observed_at"]),
            # Questions about modes read this index alone.
            models.Index(fields=["mode", "observed_at", "product"]),
            # The ids of an instrument are read from it alone, without the wide rows.
            models.Index(fields=["instrument", "product", "exposure"], name="dataset_ids_of_instrument"),
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

    path = models.CharField(max_length=1024, unique=True, help_text="Absolute path.")
    version = models.CharField(
        max_length=64, help_text="Size in bytes and time of the last change of the file."
    )
    done = models.PositiveBigIntegerField(help_text="Number of rows stored so far, from the first one.")

    def __str__(self) -> str:
        return f"{self.path} to row {self.done}"
