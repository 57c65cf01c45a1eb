"""Errors of questions about datasets, and of imports."""

from apps.core.errors import InvalidInputError


class BadDatasetIdError(InvalidInputError):
    """No dataset can have this id."""

    code = "bad_dataset_id"


class UndeterminedInstrumentError(InvalidInputError):
    """The id belongs to no dataset we know and does not even tell an instrument."""

    code = "undetermined_instrument"


class BadTimestampError(InvalidInputError):
    """Not a moment in the form of the wire protocol."""

    code = "bad_timestamp"


class BadRowError(InvalidInputError):
    """One row of an import cannot become a dataset; the message is the reason."""

    code = "bad_row"


class UnreadableSourceError(InvalidInputError):
    """Nothing can be read from a file to import, from some place on."""

    code = "unreadable_source"
