"""Errors of the services, each with its HTTP status and the word that its message begins with.

Clients of every age print the message as it is. The first word never changes, so that programs can tell the
kinds apart (vo-services, section 9).
"""

from __future__ import annotations

from apps.rules.errors import CrdsError


class VoError(CrdsError):
    """An error that the caller gets as a VOTable or as a line of text."""

    status = 400
    word = "UsageFault"

    def __init__(self, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = headers or {}

    def __str__(self) -> str:
        return f"{self.word}: {self.args[0]}"


class UsageError(VoError):
    """The request is wrong, and the caller can correct it."""


class MissingError(VoError):
    """There is no such job, table, dataset or file for this caller."""

    status = 404
    word = "NotFoundFault"


class ForbiddenError(VoError):
    """The caller may not do this now."""

    status = 403


class UnknownCallerError(VoError):
    """The caller must give other credentials."""

    status = 401
    word = "AuthenticationError"


class MethodError(VoError):
    """The address does not offer the method."""

    status = 405

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(message, headers={"Allow": ", ".join(allowed)})


class TooLargeError(VoError):
    """The body is larger than the server reads."""

    status = 413


class OutOfTimeError(VoError):
    """A query took longer than it may."""

    status = 408
    word = "TimeoutError"


class NoRoomError(VoError):
    """The server has no room for the request now; the same request may succeed later."""

    status = 503
    word = "TransientFault"

    def __init__(self, message: str, *, seconds: int = 5) -> None:
        super().__init__(message, headers={"Retry-After": str(seconds)})


class TooManyError(NoRoomError):
    """The caller asks too often, or keeps too many jobs."""

    status = 429


class OurFaultError(VoError):
    """The fault is ours; the message names the incident and nothing else."""

    status = 500
    word = "FatalFault"


class AbortedError(VoError):
    """Somebody aborted the query."""

    status = 409
    word = "TransientFault"
