"""Errors of background work."""

from datetime import timedelta

from apps.core.errors import InvalidInputError, NotFoundError


class ChannelNotFoundError(NotFoundError):
    """No channel has this key, or it was removed. Clients recognise the error by its text."""

    code = "channel_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"Channel '{key}' not found")


class UnknownKindError(InvalidInputError):
    """No function is registered for this kind of job."""

    code = "job_kind_unknown"


class JobStopped(Exception):
    """A worker must leave its job at once. Do not catch this in a step.

    It is not a `CrdsError`, because some steps catch those and report them to the submitter.
    """


class TryLater(JobStopped):
    """The work cannot be done now. The job waits for `pause`, unless this was its last attempt."""

    def __init__(self, reason: str, *, pause: timedelta) -> None:
        super().__init__(reason)
        self.pause = pause


class JobAbortedError(JobStopped):
    """Somebody asked to abort the job."""


class LostClaimError(JobStopped):
    """The worker lost its job: it was taken for dead, and another worker has the job, or the job is over."""
