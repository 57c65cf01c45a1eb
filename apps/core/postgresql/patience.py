"""Patience: how long the statements of this process wait for an answer."""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Patience:
    """The time that a program waits for the answer to a statement.

    Attributes
    ----------
    silence
        Seconds without an answer after which the database is asked whether it lives, again and again, and
        seconds that it may take to say so.
    whole
        Seconds after which the statement is given up although the database lives: the one process of it
        that does the statement may be frozen.
    """

    silence: float
    whole: float = float("inf")


_serves_requests = False


def serve_requests() -> None:
    """Note that this process answers requests, which wait for a shorter time than jobs and commands."""
    global _serves_requests
    _serves_requests = True


def patience() -> Patience:
    """Return the patience of this process."""
    if _serves_requests:
        return Patience(settings.DATABASE_REQUEST_SILENCE, settings.DATABASE_REQUEST_SECONDS)
    return Patience(settings.DATABASE_JOB_SILENCE)
