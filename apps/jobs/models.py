"""Jobs, and the channels they report to."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.core.models import StatusModel
from apps.jobs.states import DONE_STATUS, ENTERED_FROM, OVER, MessageType, Status


def new_key() -> str:
    """Return a key that nobody can guess, because whoever knows it may watch and abort the job."""
    return str(uuid.uuid4())


class Channel(models.Model):
    """The messages of one job. A channel exists before its job, so that a client can listen early."""

    key = models.CharField(max_length=36, primary_key=True, default=new_key, editable=False)
    user = models.CharField(max_length=150, blank=True, help_text="Account that opened it.")
    opened_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, help_text="When a job got it; a channel serves one job.")
    done_at = models.DateTimeField(null=True, help_text="When its last message was written.")
    last_number = models.BigIntegerField(default=0, help_text="Number of its newest message.")
    pulled_number = models.BigIntegerField(default=0, help_text="Where a pull without number continues.")

    class Meta:
        indexes = (models.Index(fields=["done_at", "opened_at"]),)

    def __str__(self) -> str:
        return f"channel {self.key}"


class Message(models.Model):
    """One message. Numbers rise within a channel, and no reader sees a number before the lower ones."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="messages")
    number = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    type = models.CharField(max_length=11, choices=MessageType)
    text = models.TextField(blank=True, help_text="As it was written, not escaped; of `done` its result.")
    status = models.SmallIntegerField(null=True, help_text="Of `done`: 0 completed, 1 failed, 3 cancelled.")

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["channel", "number"], name="message_number_is_unique"),
            models.CheckConstraint(
                condition=Q(type="done", status__in=list(DONE_STATUS)) | ~Q(type="done") & Q(status=None),
                name="done_alone_has_status",
            ),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.type} {self.text[:60]}"


class Job(StatusModel):
    """One piece of background work.

    `attempts` protects against workers that were taken for dead. A worker remembers the number with which it
    claimed the job, and may write only while the row has the same number.
    """

    entered_from = ENTERED_FROM

    kind = models.CharField(max_length=40, help_text="A key of the setting JOB_KINDS.")
    subject_id = models.BigIntegerField(null=True, help_text="Primary key of what the job works on.")
    user = models.CharField(max_length=150, blank=True, help_text="Account that asked for it.")
    channel = models.OneToOneField(Channel, on_delete=models.SET_NULL, null=True, related_name="job")
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveIntegerField(default=0, help_text="How often a worker has claimed it.")
    queued_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(default=timezone.now, help_text="No worker takes it earlier.")
    announced_at = models.DateTimeField(null=True, help_text="When it was last announced to workers.")
    started_at = models.DateTimeField(null=True, help_text="When it was last claimed.")
    heartbeat_at = models.DateTimeField(null=True, help_text="When its worker was last known to be alive.")
    worker = models.CharField(max_length=255, blank=True, help_text="Machine and process that have it.")
    abort_at = models.DateTimeField(null=True, help_text="When somebody asked that it ends.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["status", "heartbeat_at"]),
            models.Index(fields=["kind", "subject_id"]),
        )
        constraints = (
            models.CheckConstraint(
                condition=~Q(status="running") | Q(heartbeat_at__isnull=False, attempts__gte=1),
                name="running_job_has_heartbeat",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OVER, finished_at__isnull=False)
                | ~Q(status__in=OVER) & Q(finished_at=None),
                name="job_that_is_over_has_finished_at",
            ),
        )

    def __str__(self) -> str:
        return f"job {self.pk} ({self.kind})"

    @property
    def incident(self) -> str:
        """The number of the incident if it fails by our fault. The log has the same text."""
        return f"job-{self.pk}"

    @property
    def is_over(self) -> bool:
        """True if the job has completed, failed or been cancelled."""
        return self.status in OVER

    def guard(self) -> Q:
        """Return the condition that the worker still has its claim; only then may it change the row."""
        return Q(attempts=self.attempts)
