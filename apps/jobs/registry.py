"""The functions that do the work of each kind of job.

A row holds only the kind. Only functions that the settings list are ever run.
"""

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from apps.jobs.errors import UnknownKindError
from apps.jobs.models import Job


def require_kind(kind: str) -> None:
    """Refuse a kind that the settings do not list.

    Raises
    ------
    UnknownKindError
        Raised if the settings do not list it; the message lists the known kinds.
    """
    if kind not in settings.JOB_KINDS:
        known = ", ".join(settings.JOB_KINDS) or "none"
        raise UnknownKindError(f"No job is of kind {kind[:40]!r}; registered are {known}.")


def attempts_of(kind: str) -> int:
    """Return how many attempts a job of a kind has before it fails."""
    attempts: int = settings.JOB_KIND_ATTEMPTS.get(kind, settings.JOB_ATTEMPTS)
    return attempts


def function_of(kind: str) -> Callable[[Job], None]:
    """Return the function that does jobs of a kind."""
    require_kind(kind)
    return cast(Callable[[Job], None], import_string(settings.JOB_KINDS[kind]))
