"""Which function does the work of which kind of job.

A row holds the kind and nothing else, and only what the settings list is ever run.
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
        Raised with the kinds there are.
    """
    if kind not in settings.JOB_KINDS:
        known = ", ".join(settings.JOB_KINDS) or "none"
        raise UnknownKindError(f"No job is of kind {kind[:40]!r}; registered are {known}.")


def attempts_of(kind: str) -> int:
    """Return how often workers may claim a job of a kind before it has failed."""
    attempts: int = settings.JOB_KIND_ATTEMPTS.get(kind, settings.JOB_ATTEMPTS)
    return attempts


def function_of(kind: str) -> Callable[[Job], None]:
    """Return the function that does such a job."""
    require_kind(kind)
    return cast(Callable[[Job], None], import_string(settings.JOB_KINDS[kind]))
