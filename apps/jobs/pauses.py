"""Pauses between the attempts of a job that depends on another server."""

from datetime import timedelta

FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=6)


def pause_after(attempts: int) -> timedelta:
    """Return the pause after so many attempts: 1, 4, 16, 64 and 256 minutes, then six hours each."""
    return min(FIRST * 4 ** min(attempts - 1, 10), LONGEST)
