"""The best references of all datasets under the contexts in use, in a form that can be searched.

The answers are kept for each mode of exposures and each type, as functions of time. Exposures in an unusual
form, and types whose answers do not follow from modes, have one row for each exposure and type.
"""

from django.db import models

from apps.bestrefs.states import Outcome
from apps.datasets.models import Dataset, ExposureMode, ModeParkeys


class BestReference(models.Model):
    """The answer for one dataset and one type, asked by its header under the context that was latest then."""

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
    """The state of a dataset when it was asked by its header; it has rows of its own if it has this row."""

    dataset = models.OneToOneField(Dataset, on_delete=models.CASCADE, primary_key=True, related_name="kept")
    context = models.CharField(max_length=128, help_text="Name of the pmap.")
    imported_at = models.DateTimeField(help_text="UTC; that of the header that was read.")

    class Meta:
        indexes = (models.Index(fields=["context"]),)

    def __str__(self) -> str:
        return f"{self.dataset_id} under {self.context}"


class KeptRules(models.Model):
    """The rules of one reference type whose answers are kept for each mode.

    Files never change, so contexts with the same rmap share one row.
    """

    instrument = models.CharField(max_length=32, help_text="Lower case.")
    filekind = models.CharField(max_length=64, help_text="Lower case.")
    rmap = models.CharField(max_length=128, help_text="Name of the rmap, or a special value.")
    parkeys_digest = models.CharField(max_length=40, help_text="SHA-1 of the parkeys that the rules read.")
    sorted_by = models.ForeignKey(
        ModeParkeys, on_delete=models.CASCADE, related_name="+", help_text="The parkeys that make the modes."
    )
    mode_count = models.PositiveIntegerField(default=0, help_text="Number of modes with an answer.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["instrument", "filekind", "rmap", "parkeys_digest", "sorted_by"],
                name="one_row_of_kept_rules",
            ),
        )

    def __str__(self) -> str:
        return f"{self.rmap} of {self.instrument} {self.filekind}"


class PointedRules(models.Model):
    """The rules that a pointer names. All rows of a pointer belong to one context."""

    pointer = models.CharField(max_length=8, help_text="latest or edit.")
    context = models.CharField(max_length=128, help_text="Name of the pmap.")
    rules = models.ForeignKey(KeptRules, on_delete=models.CASCADE, related_name="pointed")
    kept_at = models.DateTimeField(help_text="UTC; when its answers became complete.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["rules", "pointer"], name="one_row_of_pointed_rules"),)

    def __str__(self) -> str:
        return f"{self.rules} in {self.context}, {self.pointer}"


class ReferenceTimeline(models.Model):
    """The answers for one mode and type at each moment. Modes and types share it if theirs are equal."""

    digest = models.CharField(max_length=40, unique=True, help_text="SHA-1 of its steps.")

    def __str__(self) -> str:
        return self.digest


class TimelineStep(models.Model):
    """One answer of a timeline, and the interval of time in which exposures get it."""

    timeline = models.ForeignKey(ReferenceTimeline, on_delete=models.CASCADE, related_name="steps")
    begins_at = models.DateTimeField(
        help_text="UTC; first start of an exposure; the year 1 if there is no limit."
    )
    ends_at = models.DateTimeField(help_text="UTC; first start after it; the year 9999 if there is no limit.")
    reference = models.CharField(max_length=128, blank=True, help_text="Empty if none was found.")
    status = models.CharField(max_length=5, choices=Outcome)
    message = models.TextField(blank=True, help_text="The reason if none was found.")

    class Meta:
        indexes = (models.Index(fields=["reference", "timeline"]),)

    def __str__(self) -> str:
        return f"{self.reference or self.message} from {self.begins_at}"


class ModeTimeline(models.Model):
    """The timeline of one mode under the rules of one type."""

    rules = models.ForeignKey(KeptRules, on_delete=models.CASCADE, db_index=False, related_name="modes")
    mode = models.ForeignKey(ExposureMode, on_delete=models.CASCADE, related_name="+")
    timeline = models.ForeignKey(ReferenceTimeline, on_delete=models.PROTECT, related_name="modes")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["rules", "mode"], name="one_timeline_of_a_mode"),)

    def __str__(self) -> str:
        return f"mode {self.mode_id} under {self.rules_id}"
