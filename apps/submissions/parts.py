"""The part of the server that checks files."""

import time

from django.conf import settings

from apps.certify.errors import ChildError
from apps.certify.trial import try_child
from apps.core.readiness import PartNotReadyError, Program, part

REMEMBERED = 60.0  # seconds for which a child that could start is not tried again

_tried_at = float("-inf")


@part("certification", needed_by=(Program.WORKER,))
def certification() -> str:
    """Return that a child could start."""
    global _tried_at
    if time.monotonic() - _tried_at > REMEMBERED:
        try:
            try_child(settings.OBSERVATORY)
        except ChildError as exc:
            raise PartNotReadyError(
                f"A certification child cannot start: {exc}. Install requirements.txt into the environment "
                "of this server."
            ) from exc
        _tried_at = time.monotonic()
    return "a child can start"
