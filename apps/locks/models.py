"""Who has reserved which instrument until when."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Lock(models.Model):
    """One instrument reserved by one person. No row: nobody holds it.

    The `key` tells sessions apart, the `tenure` tells whether one person held the lock without a gap. Another
    session of the holder that takes the lock over gets a new key under the same tenure. Both are new after a
    release, an expiry, a break, or another holder. A session keeps the key; a submission keeps the tenure,
    and is protected as long as the lock has it.

    An expired row stays: it is free for everybody else, and the next action of the session that took it
    revives it.
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
        """Whether anybody may take it now."""
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
        """Whether a person holds it now, in the session that keeps `key` if that is given."""
        return self.is_of(user, key=key) and self.expires_at > (at or timezone.now())

    def is_of(self, user: str, *, key: str | uuid.UUID | None = None) -> bool:
        """Whether a person took it, in the session that keeps `key` if that is given; expired or not."""
        return self.user == user and (key is None or str(self.key) == str(key))
