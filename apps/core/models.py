"""The base model of all rows with a status, and the sign of life of workers."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from apps.core.errors import ConflictError


class StatusModel(models.Model):
    """A row that moves from status to status, by a table keyed by the status to enter.

    A subclass has a column `status`. Its `entered_from` lists the statuses from which each status can be
    entered. A status that is not a key of this table can only be the first one of a row.
    """

    entered_from: ClassVar[Mapping[str, Collection[str]]] = {}
    status = models.CharField(max_length=16)  # A subclass defines the choices.

    class Meta:
        abstract = True

    def enter(self, status: str, **changes: Any) -> None:
        """Move to `status` and set `changes`, or refuse if the stored row does not allow it.

        Test and change are one UPDATE, so only one of two callers wins.

        Raises
        ------
        ConflictError
            Raised if `status` cannot be entered from the status of the stored row. Then only the field
            `status` of this object is read again.
        """
        allowed = self.entered_from.get(status, ())
        rows = type(self)._default_manager.filter(self.guard(), pk=self.pk, status__in=allowed)
        if rows.update(status=status, **changes):
            self.refresh_from_db()
            return
        # The other fields stay: a worker must not adopt the claim of the worker that replaced it.
        self.refresh_from_db(fields=["status"])
        raise ConflictError(f"{self} is {self.status} and cannot become {status}.")

    def guard(self) -> Q:
        """Return a further condition on the stored row; none unless a subclass defines one."""
        return Q()


class WorkerSign(models.Model):
    """The last sign of life of any worker. There is one row."""

    seen_at = models.DateTimeField(help_text="when a worker on any machine was last alive")

    def __str__(self) -> str:
        return f"a worker was seen at {self.seen_at}"
