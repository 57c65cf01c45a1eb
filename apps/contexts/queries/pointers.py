"""Queries about the pointers and their history."""

from django.db.models import QuerySet

from apps.contexts.models import ContextChange, Pointer


def find_change(pointer: str) -> ContextChange | None:
    """Return the last move of a pointer, or None if it never moved."""
    return ContextChange.objects.filter(pointer=pointer).order_by("-started_at", "-pk").first()


def find_pointed(pointer: str) -> str | None:
    """Return the context that a pointer names now, or None if it never moved."""
    change = find_change(pointer)
    return change.context if change else None


def history() -> QuerySet[ContextChange]:
    """Return the eras of latest, the newest first."""
    return ContextChange.objects.filter(pointer=Pointer.LATEST).order_by("-started_at", "-pk")
