"""Moves of the latest context, and the datasets they affect."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.contexts.models import ContextChange
from apps.core.models import StatusModel
from apps.reprocessing.states import ALIVE, ENTERED_FROM, LOOKS, Status


class Transition(StatusModel):
    """One move of latest, and the result of the search for the datasets that it affects."""

    entered_from = ENTERED_FROM

    change = models.OneToOneField(
        ContextChange, on_delete=models.CASCADE, related_name="transition", help_text="The move to `new`."
    )
    old = models.CharField(max_length=128, help_text="Name of the pmap that was latest until then.")
    new = models.CharField(max_length=128, help_text="Name of the pmap that is latest since then.")
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    affected_ids = models.JSONField(default=list, help_text="Ids of products, lower case, sorted.")
    affected_count = models.PositiveIntegerField(default=0, help_text="How many products these are.")
    counts = models.JSONField(
        default=dict, help_text="Instrument to reference type to how many exposures get another one."
    )
    examined_count = models.PositiveIntegerField(default=0, help_text="Exposures that were looked at.")
    error_count = models.PositiveIntegerField(default=0, help_text="Answers that fail since the move only.")
    summary = models.TextField(blank=True, help_text="What the search logged.")
    reason = models.TextField(blank=True, help_text="Why there is no result.")
    noticed_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, help_text="When a worker last began to search.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["old", "new"]),)
        constraints = (
            models.CheckConstraint(
                condition=Q(status="complete", ended_at__isnull=False) | ~Q(status="complete"),
                name="complete_transition_has_ended_at",
            ),
        )

    def __str__(self) -> str:
        return f"transition {self.old} --> {self.new}"

    @property
    def is_alive(self) -> bool:
        """Return whether the search is waiting or running."""
        return self.status in ALIVE

    @property
    def look(self) -> str:
        """Colour of its badge."""
        return LOOKS[Status(self.status)]

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("reprocessing:detail", args=[self.old, self.new])
