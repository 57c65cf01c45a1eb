"""Errors of questions about datasets, and of imports."""

from apps.core.errors import ConflictError, InvalidInputError


class BadDatasetIdError(InvalidInputError):
    """An id that no dataset can have."""

    code = "bad_dataset_id"


class UndeterminedInstrumentError(InvalidInputError):
    """An id of an unknown dataset, from which no instrument can be read."""

    code = "undetermined_instrument"


class BadTimestampError(InvalidInputError):
    """A text that is not a moment in the form of the wire protocol."""

    code = "bad_timestamp"


class BadRowError(InvalidInputError):
    """A row of an import that cannot become a dataset; the message is the reason."""

    code = "bad_row"


class UnreadableSourceError(InvalidInputError):
    """A file of an import that cannot be read, as a whole or from some position on."""

    code = "unreadable_source"


class ArchiveFailedError(ConflictError):
    """The database of the archive is away, too slow, or answered in part; the message says which."""

    code = "archive_failed"
