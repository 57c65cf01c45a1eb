"""Moves of the latest context, and the datasets that they or other new rules affect."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.contexts.models import ContextChange
from apps.core.models import StatusModel
from apps.reprocessing.states import ALIVE, ENTERED_FROM, IMPACT_ENTERED_FROM, LOOKS, Status


class Transition(StatusModel):
    """The search for the datasets whose references differ under two contexts, and its result.

    There is one for each change of the latest context. Others were asked for, and belong to no change.
    """

    entered_from = ENTERED_FROM

    change = models.OneToOneField(
        ContextChange,
        null=True,
        on_delete=models.CASCADE,
        related_name="transition",
        help_text="Change of the latest context to `new`; empty if somebody asked for any two contexts.",
    )
    old = models.CharField(max_length=128, help_text="Name of the context before.")
    new = models.CharField(max_length=128, help_text="Name of the context after.")
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    affected_count = models.PositiveIntegerField(default=0, help_text="Number of affected products.")
    counts = models.JSONField(
        default=dict,
        help_text="Instrument to reference type to the number of exposures with a new reference.",
    )
    examined_count = models.PositiveIntegerField(default=0, help_text="Number of exposures examined.")
    error_count = models.PositiveIntegerField(
        default=0, help_text="Number of answers that fail only under the new context."
    )
    summary = models.TextField(blank=True, help_text="Log of the search.")
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
            models.UniqueConstraint(
                fields=["old", "new"], condition=Q(change=None), name="one_comparison_of_two_contexts"
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


class ProductPage(models.Model):
    """Some ids of affected products of a complete search; all its pages together are one sorted list."""

    transition = models.ForeignKey(
        Transition, on_delete=models.CASCADE, db_index=False, related_name="product_pages"
    )
    number = models.PositiveIntegerField(help_text="0 for the first page, and so on.")
    ids = models.JSONField(help_text="Ids of products, lower case; at most 10,000.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["transition", "number"], name="one_row_of_a_page"),)

    def __str__(self) -> str:
        return f"page {self.number} of {self.transition}"


class Chunk(models.Model):
    """One part of a search, done by one worker as a whole or not at all."""

    class Source(models.TextChoices):
        """The source of the answers of a part."""

        MODES = "modes"  # the modes in a range of keys
        ODD = "odd"  # the headers of exposures without a usual mode, in a range of keys
        EXPOSURES = "exposures"  # the headers of all exposures in a range of keys
        ARCHIVE = "archive"  # the headers of all exposures of an instrument in another archive

    transition = models.ForeignKey(Transition, on_delete=models.CASCADE, related_name="chunks")
    instrument = models.CharField(max_length=32, help_text="Lower case.")
    source = models.CharField(max_length=9, choices=Source)
    types = models.JSONField(help_text="Reference types to compare, lower case.")
    parkeys_id = models.BigIntegerField(null=True, help_text="Key of the parkeys that make its modes.")
    first = models.BigIntegerField(null=True, help_text="First key of the range.")
    last = models.BigIntegerField(null=True, help_text="Last key of the range.")
    job_id = models.BigIntegerField(null=True, help_text="Key of the job that took it.")
    attempt = models.PositiveIntegerField(null=True, help_text="Attempt of that job.")
    done_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict, help_text="Counts and errors; emptied when the search ends.")
    products = models.JSONField(
        default=list, help_text="Ids of affected products; emptied when the search ends."
    )
    changes = models.JSONField(
        default=dict,
        help_text="`intervals`: lists of changed intervals. `modes`: key of a changed mode to its types with"
        " a place in that list. `exposures`: id, type, old and new answer of exposures without a mode.",
    )

    class Meta:
        indexes = (models.Index(fields=["transition", "done_at"]),)

    def __str__(self) -> str:
        return f"part {self.pk} of {self.transition}: {self.instrument} {self.source}"


class RulesImpact(StatusModel):
    """The exposures that new rules would change, worked out before anybody decides.

    The new rules are those of a submission, or those of another context.
    """

    entered_from = IMPACT_ENTERED_FROM

    submission = models.UUIDField(null=True, help_text="Key of the submission; empty if `new` is a context.")
    old = models.CharField(max_length=128, help_text="Name of the context that the rules are compared with.")
    new = models.CharField(max_length=128, blank=True, help_text="Name of the context with the new rules.")
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    result = models.JSONField(default=dict, help_text="Numbers, years and samples of each type.")
    reason = models.TextField(blank=True, help_text="Why there is no result.")
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["submission"], condition=~Q(submission=None), name="one_impact_of_a_submission"
            ),
            models.UniqueConstraint(
                fields=["old", "new"], condition=Q(submission=None), name="one_impact_of_two_contexts"
            ),
        )

    def __str__(self) -> str:
        return f"impact of {self.submission or self.new} on {self.old}"

    @property
    def is_alive(self) -> bool:
        """Return whether it is waiting or running."""
        return self.status in ALIVE
