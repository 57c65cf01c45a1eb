"""Uploaded files, submissions and their files."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.catalog.states import ChangeLevel
from apps.core.addresses import absolute
from apps.core.models import StatusModel
from apps.locks.models import Lock
from apps.locks.queries import find_tenure
from apps.submissions.states import ADOPTED, ALIVE, ENTERED_FROM, ContextMode, Kind, Origin, Status


class IngestFile(models.Model):
    """One file in the ingest area of one person, complete or still being uploaded.

    `uploads.ingest_area.path_of` gives the path of its bytes; `part_of` gives it for an unfinished file.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ingest_files")
    name = models.CharField(max_length=128, help_text="Name exactly as uploaded.")
    size = models.BigIntegerField(help_text="Bytes of the complete file.")
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


class Submission(StatusModel):
    """One request to adopt files, from the form to its end.

    Its bytes are below `folder` until it is over. Afterwards the bytes that were adopted are in the store.
    """

    entered_from = ENTERED_FROM

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="Known to clients.")
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=10, choices=Status, default=Status.STARTED)
    user = models.CharField(max_length=150, help_text="Account that asked for it.")
    user_email = models.EmailField(blank=True)
    other_email = models.TextField(blank=True, help_text="More addresses to notify, separated by commas.")
    instrument = models.CharField(
        max_length=32, blank=True, help_text="Instrument that is locked for it; empty if none."
    )
    lock_tenure = models.UUIDField(null=True, help_text="Tenure of the lock when it started.")
    is_attended = models.BooleanField(
        default=False,
        help_text="Whether somebody waits for the result in a browser, to repair what is wrong.",
    )
    repeats = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="repetitions",
        help_text="Failed submission whose files it checks again.",
    )
    channel = models.CharField(
        max_length=36, blank=True, help_text="Key of the channel for messages of its job."
    )

    context_mode = models.CharField(max_length=11, choices=ContextMode, default=ContextMode.EDIT)
    posted_context = models.CharField(max_length=128, help_text="Context that the client named.")
    base = models.CharField(max_length=128, help_text="Context that the files were checked against.")
    change_level = models.CharField(max_length=8, choices=ChangeLevel, default=ChangeLevel.SEVERE)
    creator = models.CharField(max_length=255, blank=True, help_text="Author of the files.")
    description = models.TextField(blank=True, help_text="Reason for the delivery.")
    is_renamed = models.BooleanField(default=True, help_text="Whether the files get official names.")
    is_compared = models.BooleanField(
        default=True, help_text="Whether tables are compared with their predecessors."
    )
    makes_contexts = models.BooleanField(default=True, help_text="Whether it makes a new imap and pmap.")
    is_by_token = models.BooleanField(default=False, help_text="Whether a program asked for it, by a token.")
    is_provisional = models.BooleanField(
        default=False, help_text="Whether it is confirmed by policy, and its references are provisional."
    )
    answers = models.JSONField(default=dict, help_text="Answers to the questions of the extended form.")

    started_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True, help_text="Account that ended it.")
    reason = models.TextField(blank=True, help_text="Why it failed or was cancelled.")
    steps = models.JSONField(default=list, help_text="Names of the steps that are done.")
    collisions = models.JSONField(default=list, help_text="Pairs of mappings with the same parent.")
    tests = models.JSONField(default=list, help_text="Results of integration tests.")
    final_base = models.CharField(
        max_length=128, blank=True, help_text="Context that the new one starts from, set at confirm."
    )
    new_context = models.CharField(max_length=128, blank=True, help_text="New context.")
    delivery = models.CharField(max_length=64, blank=True, help_text="Name of the catalogue for the archive.")
    cleared_at = models.DateTimeField(null=True, help_text="When its folder was removed.")

    class Meta:
        ordering = ("-pk",)
        indexes = (models.Index(fields=["status", "instrument"]), models.Index(fields=["started_at"]))
        constraints = (
            # Each person has one ingest area, and so one delivery for an instrument at a time.
            models.UniqueConstraint(
                fields=["user", "instrument"],
                condition=Q(status__in=ALIVE) & ~Q(instrument=""),
                name="one_live_submission_of_user_and_instrument",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ALIVE, ended_at=None) | ~Q(status__in=ALIVE) & ~Q(ended_at=None),
                name="submission_that_is_over_has_ended_at",
            ),
        )

    def __str__(self) -> str:
        return f"submission {self.key}"

    @property
    def folder(self) -> Path:
        """The folder of its bytes."""
        root: Path = settings.DATA_ROOT
        return root / "submissions" / str(self.key)

    @property
    def is_alive(self) -> bool:
        """Return whether the submission is not over yet."""
        return self.status in ALIVE

    @property
    def is_adopted(self) -> bool:
        """Return whether its files are official."""
        return self.status in ADOPTED

    def find_lock(self) -> Lock | None:
        """Return the lock it was started under, expired or not, if its holder has kept it without a gap."""
        return find_tenure(self.instrument, self.lock_tenure)

    @property
    def title(self) -> str:
        """The title of its kind, as in the heading of its page."""
        return str(Kind(self.kind).label)

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("submissions:result", args=[self.key])

    @property
    def result_url(self) -> str:
        """The absolute address of its page. Clients rely on it not ending in a slash."""
        return absolute(self.get_absolute_url())

    @property
    def log_url(self) -> str:
        """The absolute address of its log; empty if no job reports for it."""
        return self.channel and absolute(reverse("jobs:log", args=[self.channel]))


class SubmittedFile(models.Model):
    """One file of a submission, before and after it gets its official name.

    While `is_reserved` is true, nobody else gets the official name. The name of an adopted file stays
    reserved forever.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="files")
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.UPLOADED)
    name = models.CharField(
        max_length=128,
        help_text="Name as uploaded or listed; for a generated mapping, the name of its predecessor.",
    )
    official_name = models.CharField(
        max_length=128, blank=True, help_text="Official name; empty until assigned."
    )
    is_reserved = models.BooleanField(
        default=False, help_text="Whether the official name is reserved for this file."
    )
    instrument = models.CharField(max_length=32, blank=True)
    filekind = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(null=True, help_text="Bytes of the uploaded file.")
    sha1sum = models.CharField(
        max_length=40, blank=True, help_text="sha1sum of the uploaded file, lower-case hex."
    )
    official_size = models.BigIntegerField(null=True, help_text="Bytes of the file under its official name.")
    official_sha1sum = models.CharField(
        max_length=40, blank=True, help_text="sha1sum of the file under its official name, lower-case hex."
    )
    derived_from = models.CharField(max_length=128, blank=True)
    errors = models.PositiveIntegerField(null=True, help_text="Number of errors; empty until it was checked.")
    warnings = models.PositiveIntegerField(default=0)
    log = models.JSONField(default=list, help_text="Level and text of each line that its check logged.")
    facts = models.JSONField(default=dict, help_text="Columns of the catalog, read from its header.")

    class Meta:
        ordering = ("pk",)
        # Names are searched by their beginning, which PostgreSQL does with this class of operators only.
        indexes = (
            models.Index(
                fields=["official_name"], name="submitted_official_name", opclasses=["varchar_pattern_ops"]
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=["submission", "name"], name="name_is_once_in_submission"),
            models.UniqueConstraint(
                fields=["official_name"], condition=Q(is_reserved=True), name="reserved_name_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(is_reserved=False) | ~Q(official_name=""), name="reserved_file_has_name"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} of {self.submission_id}"

    @property
    def verdict(self) -> str:
        """The result of its check, in the word that the page shows; empty before the check."""
        if self.errors is None:
            return ""
        return "ERRORS" if self.errors else "Warnings" if self.warnings else "OK"
