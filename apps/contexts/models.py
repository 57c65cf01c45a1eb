"""The pointers: each move of one is a row."""

from django.db import models
from django.utils import timezone


class Pointer(models.TextChoices):
    """The pointers to contexts; `operational` is accepted on input and stored as latest."""

    LATEST = "latest"
    EDIT = "edit"
    VERSIONS = "versions"
    BUILD = "build"


class ContextChange(models.Model):
    """One move of one pointer. The newest row of a pointer says where it points.

    The rows of `latest` are the context history: an era lasts from `started_at` to the next row's.
    """

    pointer = models.CharField(max_length=8, choices=Pointer)
    context = models.CharField(max_length=128, help_text="Name of a pmap.")
    calibration_version = models.CharField(
        max_length=32, blank=True, help_text="Version of the calibration software; build contexts only."
    )
    is_banner = models.BooleanField(
        default=False, help_text="The home page shows it from now on; build contexts only."
    )
    started_at = models.DateTimeField(
        default=timezone.now, help_text="UTC; first moment of the era, inclusive."
    )
    recorded_at = models.DateTimeField(default=timezone.now)
    user = models.CharField(max_length=150, help_text="Account, or the command that acted.")
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ("started_at", "pk")
        indexes = (models.Index(fields=["pointer", "started_at"]),)
        constraints = (
            models.CheckConstraint(
                condition=(
                    models.Q(pointer="build") & ~models.Q(calibration_version="")
                    | ~models.Q(pointer="build") & models.Q(calibration_version="")
                ),
                name="build_alone_has_calibration_version",
            ),
            models.CheckConstraint(
                condition=models.Q(pointer="build") | models.Q(is_banner=False), name="build_alone_is_banner"
            ),
        )

    def __str__(self) -> str:
        return f"{self.pointer} {self.context} since {self.started_at:%Y-%m-%d %H:%M:%S}"


class RemotePipeline(models.Model):
    """A pipeline that may report the context it uses, and its last report."""

    name = models.CharField(
        max_length=128, unique=True, help_text="Name that people ask for, such as keckao-ops-pipeline."
    )
    key_sha256 = models.CharField(
        max_length=64, unique=True, help_text="sha256 of the key that authorises it, lower-case hex."
    )
    context = models.CharField(max_length=128, blank=True, help_text="Context that it reported last.")
    pushed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class ContextSummary(models.Model):
    """The numbers of files below a context. A context does not change, so a row is never wrong."""

    context = models.CharField(max_length=128, unique=True, help_text="Name of a pmap.")
    mapping_count = models.IntegerField(help_text="Mappings in it, itself included.")
    reference_count = models.IntegerField(
        null=True, help_text="References in it; empty if not all were read."
    )

    def __str__(self) -> str:
        return f"{self.context}: {self.mapping_count} mappings"


class ListedRule(models.Model):
    """One rule of the latest or the edit context: a match case, a useafter date and a reference."""

    context = models.CharField(max_length=128, help_text="Name of a pmap.")
    mapping = models.CharField(max_length=128, help_text="Name of the rmap.")
    instrument = models.CharField(max_length=32, help_text="Lower case.")
    filekind = models.CharField(max_length=64, help_text="Lower case.")
    reference = models.CharField(max_length=128)
    useafter = models.CharField(
        max_length=32, blank=True, help_text="As in the mapping; empty if it has none."
    )
    match_params = models.TextField(help_text="JSON object of the values to match, by parkey.")

    class Meta:
        indexes = (
            models.Index(fields=["context", "instrument", "filekind"]),
            models.Index(fields=["reference"]),
        )

    def __str__(self) -> str:
        return f"{self.reference} in {self.mapping} of {self.context}"


class MatchedValue(models.Model):
    """A value that match cases of the latest or the edit context name, for the search by values."""

    context = models.CharField(max_length=128, help_text="Name of a pmap.")
    value = models.CharField(max_length=64, help_text="Upper case.")
    parkey = models.CharField(max_length=128, help_text="The keyword that it is compared with.")
    instrument = models.CharField(max_length=32, help_text="Lower case.")
    filekind = models.CharField(max_length=64, help_text="Lower case.")
    rule_count = models.IntegerField(help_text="Rules of the type that name it.")

    class Meta:
        indexes = (models.Index(fields=["context", "value"]),)

    def __str__(self) -> str:
        return f"{self.parkey} {self.value} of {self.instrument} {self.filekind} in {self.context}"
