"""The part of the server that checks files."""

import time

from django.conf import settings

from apps.certify.errors import ChildError
from apps.certify.trial import try_child
from apps.core.readiness import PartNotReadyError, Program, part

REMEMBERED = 60.0  # seconds during which no child is tried again, after one that could start

_tried_at = float("-inf")


@part("certification", needed_by=(Program.WORKER,))
def certification() -> str:
    """Check that a certification child can start, and return a text that says so.

    Raises
    ------
    PartNotReadyError
        Raised if no child can start.
    """
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
