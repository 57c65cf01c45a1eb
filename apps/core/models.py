"""What all rows with a status share."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from apps.core.errors import ConflictError


class StatusModel(models.Model):
    """A row that moves from status to status, by a table keyed by the status to enter.

    A subclass has a column `status` and says in `entered_from` from which statuses each one is entered.
    A status that is no key of the table is only ever a first one.
    """

    entered_from: ClassVar[Mapping[str, Collection[str]]] = {}
    status = models.CharField(max_length=16)  # A subclass says which ones there are.

    class Meta:
        abstract = True

    def enter(self, status: str, **changes: Any) -> None:
        """Move to `status` and set `changes`, or raise if the stored row may not.

        Test and change are one UPDATE, so of two callers only one wins.

        Raises
        ------
        ConflictError
            Raised if the stored row has no status that `status` is entered from. Then only `status` of this
            object is read anew.
        """
        allowed = self.entered_from.get(status, ())
        rows = type(self)._default_manager.filter(self.guard(), pk=self.pk, status__in=allowed)
        if rows.update(status=status, **changes):
            self.refresh_from_db()
            return
        # The rest stays as the caller knew it: a worker must not learn the claim of the one that replaced it.
        self.refresh_from_db(fields=["status"])
        raise ConflictError(f"{self} is {self.status} and cannot become {status}.")

    def guard(self) -> Q:
        """Return what else must be true of the stored row; nothing, unless a subclass says so."""
        return Q()
