"""Subscriptions to digests, web hooks and their messages."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.core.access import Role


def new_nonce() -> str:
    """Return a text that nobody can guess."""
    return secrets.token_urlsafe(32)


class Period(models.TextChoices):
    """The time between two digests."""

    DAILY = "daily", "once a day"
    WEEKLY = "weekly", "once a week"


PERIODS = {Period.DAILY: timedelta(days=1), Period.WEEKLY: timedelta(days=7)}


class Subscription(models.Model):
    """The wish of one person to read by mail about the references of an instrument or type."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="subscriptions")
    instrument = models.CharField(max_length=32, blank=True, help_text="Lower case; empty: all instruments.")
    filekind = models.CharField(max_length=64, blank=True, help_text="Lower case; empty: all types.")
    period = models.CharField(max_length=6, choices=Period)
    made_at = models.DateTimeField(default=timezone.now)
    covered_until = models.DateTimeField(
        default=timezone.now, help_text="End of the time that digests have covered, exclusive."
    )

    class Meta:
        ordering = ("instrument", "filekind", "pk")
        constraints = (
            models.UniqueConstraint(fields=["user", "instrument", "filekind"], name="subscription_is_unique"),
            models.CheckConstraint(
                condition=models.Q(filekind="") | ~models.Q(instrument=""),
                name="subscribed_type_has_instrument",
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject}, {self.get_period_display()}"

    @property
    def subject(self) -> str:
        """The references that it is about, in words."""
        return f"{self.instrument} {self.filekind or '(all types)'}" if self.instrument else "all instruments"


class EventType(models.TextChoices):
    """The events that web hooks report."""

    CONTEXT = "context.changed", "A context became edit, latest or the context of a build"
    DELIVERY = "delivery.confirmed", "A delivery was confirmed"
    REPROCESSING = "reprocessing.finished", "A search for affected datasets ended"


TEST = "test"  # The type of a message that somebody sends by hand.


class WebHook(models.Model):
    """An address of a program that wants to receive events by POST."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="web_hooks")
    address = models.CharField(max_length=500)
    types = models.JSONField(help_text="Event types that it receives.")
    nonce = models.CharField(
        max_length=43,
        default=new_nonce,
        editable=False,
        help_text="Its secret is made from this and SECRET_KEY, so the database alone does not reveal it.",
    )
    made_at = models.DateTimeField(default=timezone.now)
    stopped_at = models.DateTimeField(null=True, help_text="When the server stopped to send to it.")
    stopped_because = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"web hook {self.pk} to {self.address}"

    @property
    def is_in_force(self) -> bool:
        """True if events go to it: it was not stopped, and its owner may still have it."""
        return self.stopped_at is None and self.user.has_role(Role.SUBMITTER)


class HookMessage(models.Model):
    """One event for one web hook. Its job, of kind ``web_hook``, has the next attempt."""

    hook = models.ForeignKey(WebHook, on_delete=models.CASCADE, related_name="messages")
    event = models.CharField(max_length=100, help_text="Key of the event; a hook gets each event once.")
    type = models.CharField(max_length=40)
    body = models.TextField(help_text="The JSON text exactly as it is sent and signed.")
    made_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, help_text="When the receiver took it.")
    error = models.CharField(
        max_length=300, blank=True, help_text="Why the last attempt failed; empty if none did."
    )

    class Meta:
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=["hook", "event"], name="hook_gets_each_event_once"),)
        indexes = (models.Index(fields=["made_at"]),)

    def __str__(self) -> str:
        return f"message {self.pk} ({self.event}) of web hook {self.hook_id}"

    @property
    def status(self) -> str:
        """Its state in one word."""
        if self.delivered_at is not None:
            return "delivered"
        return "failing" if self.error else "waiting"
