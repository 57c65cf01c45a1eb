"""Errors of deliveries."""

from apps.core.errors import ConflictError, InvalidInputError


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
