"""Messages for workers. Trouble with the broker never delays callers for long and never fails them.

The work is recorded in the database, and sweeps publish it again, so a lost message only costs time.
"""

import logging
import time
from typing import Any

from celery import Task, current_app

logger = logging.getLogger(__name__)

SLOW = 1.5  # seconds after which an attempt shows that the broker is silent
PAUSE = 10.0  # seconds in which a silent broker is left alone: one request may publish several messages

FRESH = 60.0  # seconds after which an old failure says nothing about now

_silent_until = 0.0
_failed_until = 0.0


def publish(task: "Task[..., Any] | str", *arguments: Any, about: str, **options: Any) -> bool:
    """Publish a task once, and return whether the broker took it; a failure is only logged.

    Parameters
    ----------
    task
        The task or its name. With the name, callers need not import the code that does the work.
    about
        The subject of the message, for the log.
    options
        Options of ``Task.apply_async``.
    """
    global _silent_until, _failed_until
    begun_at = time.monotonic()
    if begun_at < _silent_until:
        logger.error("the message for %s was not sent: the broker was silent a moment ago", about)
        return False
    try:
        signature = current_app.signature(task) if isinstance(task, str) else task
        signature.apply_async(arguments, retry=False, **options)
    except Exception as exc:  # The row is committed, so no error here may fail the caller.
        if time.monotonic() - begun_at > SLOW:
            _silent_until = time.monotonic() + PAUSE
        _failed_until = time.monotonic() + FRESH
        logger.error("the message for %s was not sent: %s: %s", about, type(exc).__name__, exc)
        return False
    _failed_until = 0.0
    return True


def is_away() -> bool:
    """Return whether this process failed to send its last message, a short while ago."""
    return time.monotonic() < _failed_until
