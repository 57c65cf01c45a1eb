"""The best references of all datasets under the latest context, as rows that can be searched."""

from django.db import models

from apps.bestrefs.states import Outcome
from apps.datasets.models import Dataset


class BestReference(models.Model):
    """The answer for one dataset and one type under the context that was latest when it was computed."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="best_references")
    context = models.CharField(max_length=128, help_text="Name of the pmap.")
    instrument = models.CharField(max_length=32, help_text="Lower case.")
    filekind = models.CharField(max_length=64, blank=True, help_text="Lower case; empty: all types failed.")
    reference = models.CharField(max_length=128, blank=True, help_text="Empty if none was found.")
    status = models.CharField(max_length=5, choices=Outcome)
    message = models.TextField(blank=True, help_text="The reason if none was found.")
    computed_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        indexes = (models.Index(fields=["reference"]), models.Index(fields=["instrument", "filekind"]))

    def __str__(self) -> str:
        return f"{self.filekind} of {self.dataset_id}: {self.reference or self.message}"


class KeptDataset(models.Model):
    """The state of a dataset when its answers were computed; it has answers if it has this row."""

    dataset = models.OneToOneField(Dataset, on_delete=models.CASCADE, primary_key=True, related_name="kept")
    context = models.CharField(max_length=128, help_text="Name of the pmap.")
    imported_at = models.DateTimeField(help_text="UTC; that of the header that was read.")

    class Meta:
        indexes = (models.Index(fields=["context"]),)

    def __str__(self) -> str:
        return f"{self.dataset_id} under {self.context}"
