"""The table of locks: instrument, holder and end."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Lock(models.Model):
    """One instrument reserved by one person. An instrument without a row is free.

    The `key` distinguishes the sessions of the holder. The `tenure` stays as long as one person holds the
    lock without a gap. If another session of the holder takes the lock over, the key changes and the
    tenure stays. After a release, an expiry, a break, or another holder both are new. A session keeps the
    key. A submission keeps the tenure, and is protected as long as the lock has the same one.

    The row of an expired lock stays. Everybody else may take the lock, and the next action of the session
    that took it last revives it.
    """

    instrument = models.CharField(max_length=32, unique=True, help_text="Lower case.")
    user = models.CharField(max_length=150, unique=True, help_text="Account that holds it.")
    key = models.UUIDField(default=uuid.uuid4, editable=False, help_text="Kept by the session that holds it.")
    tenure = models.UUIDField(
        default=uuid.uuid4, editable=False, help_text="Kept by submissions: one holder, without a gap."
    )
    created_at = models.DateTimeField(default=timezone.now, help_text="When this session took it.")
    expires_at = models.DateTimeField(help_text="From this moment on anybody may take it.")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(instrument=""), name="lock_names_an_instrument"),
            models.CheckConstraint(condition=~Q(user=""), name="lock_names_its_holder"),
            models.CheckConstraint(
                condition=Q(expires_at__gte=models.F("created_at")), name="lock_ends_after_it_starts"
            ),
        )

    def __str__(self) -> str:
        return f"lock of {self.instrument} by {self.user}"

    @property
    def is_expired(self) -> bool:
        """True from the moment at which anybody may take it."""
        return self.expires_at <= timezone.now()

    @property
    def time_left(self) -> timedelta:
        """Time until it expires, never negative."""
        return max(self.expires_at - timezone.now(), timedelta())

    @property
    def countdown(self) -> str:
        """The time left as H:MM:SS."""
        seconds = int(self.time_left.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    def is_held_by(
        self, user: str, *, key: str | uuid.UUID | None = None, at: datetime | None = None
    ) -> bool:
        """Return whether a person holds it now; if `key` is given, in the session that keeps that key."""
        return self.is_of(user, key=key) and self.expires_at > (at or timezone.now())

    def is_of(self, user: str, *, key: str | uuid.UUID | None = None) -> bool:
        """Return whether a person took it, as `is_held_by` does, but also if it has expired."""
        return self.user == user and (key is None or str(self.key) == str(key))
