"""System check of the setting ``JOB_KINDS``."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.jobs.errors import UnknownKindError
from apps.jobs.registry import function_of


@register()
def kinds_can_run(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Return an error for each kind of job whose function cannot be imported."""
    found: list[CheckMessage] = []
    for kind in settings.JOB_KINDS:
        try:
            function_of(kind)
        except (ImportError, UnknownKindError) as exc:
            found.append(Error(f"JOB_KINDS[{kind!r}]: {exc}", id="jobs.E001"))
    return found
