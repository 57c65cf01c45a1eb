"""Errors of deliveries."""

from apps.core.errors import ConflictError, InvalidInputError, NotFoundError


class UploadNameError(InvalidInputError):
    """A file cannot be delivered under this name."""

    code = "upload_name"


class UploadRangeError(InvalidInputError):
    """The pieces of a file are announced in a way that makes no sense."""

    code = "upload_range"


class UploadGapError(ConflictError):
    """A piece does not continue what is there; `expected` is the offset that would, in bytes."""

    code = "upload_gap"

    def __init__(self, message: str, *, expected: int) -> None:
        super().__init__(message)
        self.expected = expected


class QuotaError(InvalidInputError):
    """The ingest area of somebody would become too big."""

    code = "upload_quota"


class NoSpaceError(ConflictError):
    """The disk is, or would be, full."""

    code = "upload_no_space"


class BrokenUploadError(InvalidInputError):
    """Fewer bytes came than were announced."""

    code = "upload_broken"


class RejectedError(InvalidInputError):
    """What was submitted cannot be adopted as it is; the submitter can mend it and submit again."""

    code = "rejected"


class UnknownSubmissionError(NotFoundError):
    """No submission has this key."""

    code = "unknown_submission"


class NotReadyError(ConflictError):
    """The submission does not stand where this could be done."""

    code = "submission_not_ready"


class UnprotectedError(ConflictError):
    """The lock that protected the submission is gone: it can only be forced or cancelled."""

    code = "submission_unprotected"
