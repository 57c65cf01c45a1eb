"""Which context is meant, and the context itself."""

from django.db.models import QuerySet

from apps.contexts.models import ContextChange, Pointer


def find_pointed(pointer: Pointer) -> str | None:
    """Return the context a pointer names now, or None if it never moved."""
    change = ContextChange.objects.filter(pointer=pointer).order_by("-started_at", "-pk").first()
    return change.context if change else None


def history() -> QuerySet[ContextChange]:
    """Return the eras of latest, newest first."""
    return ContextChange.objects.filter(pointer=Pointer.LATEST).order_by("-started_at", "-pk")
