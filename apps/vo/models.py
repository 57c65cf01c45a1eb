"""Queries that run as jobs."""

import secrets
from pathlib import Path

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from apps.core.models import StatusModel
from apps.vo.states import ENTERED_FROM, OVER, Status


def new_job_key() -> str:
    """Return a key that nobody can guess: whoever has the address of an anonymous job may change it."""
    return secrets.token_hex(16)


class QueryJob(StatusModel):
    """A query, what became of it, and until when it is kept. Its result is a file."""

    entered_from = ENTERED_FROM

    key = models.CharField(max_length=32, unique=True, default=new_job_key, editable=False)
    owner = models.CharField(max_length=150, blank=True, db_index=True, help_text="User; empty: anonymous.")
    sees_all = models.BooleanField(
        default=False, help_text="Whether its caller may see unpublished files of other people."
    )
    address = models.CharField(max_length=64, blank=True, help_text="Where an anonymous job came from.")
    origin = models.CharField(max_length=300, help_text="Scheme, host and port of all its addresses.")
    parameters = models.JSONField(default=list, help_text="Pairs of name and value as they were sent.")
    run_id = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    duration = models.PositiveIntegerField(help_text="Seconds that it may take.")
    destroy_at = models.DateTimeField(db_index=True, help_text="When it and its result are removed.")
    work = models.BigIntegerField(null=True, help_text="Key of the background work that runs it.")
    error = models.TextField(blank=True, help_text="The reason if it failed.")
    is_transient = models.BooleanField(default=False, help_text="Whether the same query may succeed later.")
    result_type = models.CharField(max_length=200, blank=True, help_text="Media type of the result.")
    result_size = models.BigIntegerField(null=True, help_text="Bytes of the result.")

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = (models.Index(fields=["owner", "-created_at"]),)

    def __str__(self) -> str:
        return f"query {self.key}"

    @property
    def is_over(self) -> bool:
        """True if its phase can no longer change."""
        return self.status in OVER

    @property
    def account(self) -> str:
        """The name under which its owner's jobs are counted."""
        return f"user {self.owner}" if self.owner else f"address {self.address}"

    @property
    def result_path(self) -> Path:
        """The file of the result, which need not exist."""
        return settings.TAP_RESULTS_ROOT / self.key


class RequestCount(models.Model):
    """The requests of one caller in one minute, as far as processes have added them."""

    caller = models.CharField(max_length=200)
    minute = models.BigIntegerField(help_text="Minutes since 1970, UTC.")
    requests = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["caller", "minute"], name="one_count_a_minute"),)

    def __str__(self) -> str:
        return f"{self.requests} requests of {self.caller} in the minute {self.minute}"

    @classmethod
    def add(cls, caller: str, minute: int, requests: int) -> int:
        """Add requests in one statement, and return the sum of all processes; earlier minutes are deleted."""
        cls.objects.filter(minute__lt=minute).delete()
        table = cls._meta.db_table
        sql = (
            f"INSERT INTO {table} (caller, minute, requests) VALUES (%s, %s, %s) "  # noqa: S608 (our table)
            f"ON CONFLICT (caller, minute) DO UPDATE SET requests = {table}.requests + excluded.requests "
            "RETURNING requests"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [caller[:200], minute, requests])
            return int(cursor.fetchone()[0])
