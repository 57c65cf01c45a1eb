"""Errors of deliveries."""

from apps.core.errors import ConflictError, InvalidInputError, NotFoundError


class UploadNameError(InvalidInputError):
    """A name that a file cannot be delivered under."""

    code = "upload_name"


class UploadRangeError(InvalidInputError):
    """Pieces of a file that are announced in a way that makes no sense."""

    code = "upload_range"


class UploadGapError(ConflictError):
    """A piece that does not continue the stored part; `expected` is the offset that would, in bytes."""

    code = "upload_gap"

    def __init__(self, message: str, *, expected: int) -> None:
        super().__init__(message)
        self.expected = expected


class QuotaError(InvalidInputError):
    """An ingest area that would become too big."""

    code = "upload_quota"


class NoSpaceError(ConflictError):
    """A disk that is full, or would become full."""

    code = "upload_no_space"


class BrokenUploadError(InvalidInputError):
    """An upload with fewer bytes than announced."""

    code = "upload_broken"


class RejectedError(InvalidInputError):
    """A submission that cannot be adopted as it is; the submitter can correct it and submit again."""

    code = "rejected"


class UnknownSubmissionError(NotFoundError):
    """A key that no submission has."""

    code = "unknown_submission"


class NotReadyError(ConflictError):
    """A submission whose status does not allow this operation."""

    code = "submission_not_ready"


class UnprotectedError(ConflictError):
    """A lock that no longer protects a submission, which can then only be forced or cancelled.

    Also a lock that still protects a submission which somebody wants to force.
    """

    code = "submission_unprotected"
