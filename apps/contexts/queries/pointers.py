"""Queries about the pointers and their history."""

from django.db import connection
from django.db.models import QuerySet

from apps.contexts.models import ContextChange, Pointer

_NEWEST = (
    "SELECT context FROM contexts_contextchange WHERE pointer = %s ORDER BY started_at DESC, id DESC LIMIT 1"
)


def find_change(pointer: str) -> ContextChange | None:
    """Return the last move of a pointer, or None if it never moved."""
    return ContextChange.objects.filter(pointer=pointer).order_by("-started_at", "-pk").first()


def find_pointed(pointer: str) -> str | None:
    """Return the context that a pointer names now, or None if it never moved.

    Almost every call of a client asks this. The SQL is written here, because Django would take ten times as
    long to build it as the database takes to answer it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [pointer])
        row = cursor.fetchone()
    return row[0] if row else None


def history() -> QuerySet[ContextChange]:
    """Return the eras of latest, the newest first."""
    return ContextChange.objects.filter(pointer=Pointer.LATEST).order_by("-started_at", "-pk")
