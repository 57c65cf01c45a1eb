"""Errors of background work."""

from datetime import timedelta

from apps.core.errors import InvalidInputError, NotFoundError


class ChannelNotFoundError(NotFoundError):
    """No channel has this key, or it was cleaned up; clients know it by its words."""

    code = "channel_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"Channel '{key}' not found")


class UnknownKindError(InvalidInputError):
    """No function is registered for this kind of job."""

    code = "job_kind_unknown"


class JobStopped(Exception):
    """A worker must leave its job at once; let it pass.

    It is no `CrdsError`, so that a step which tells such errors to the submitter does not swallow it.
    """


class TryLater(JobStopped):
    """The work cannot be done now: the job waits for `pause`, unless this was its last attempt."""

    def __init__(self, reason: str, *, pause: timedelta) -> None:
        super().__init__(reason)
        self.pause = pause


class AbortedError(JobStopped):
    """Somebody asked that the job ends."""


class LostClaimError(JobStopped):
    """The job belongs to another worker by now, or is over: this one was taken for dead."""
