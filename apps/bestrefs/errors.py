"""Errors of questions about best references."""

from apps.core.errors import ConflictError, InvalidInputError, NotFoundError


class LimitExceededError(InvalidInputError):
    """One call asks for more than the published limit allows."""

    code = "limit_exceeded"


class BadLabelError(InvalidInputError):
    """A header in a map has a name that no dataset can have."""

    code = "bad_label"


class InstrumentNotInContextError(InvalidInputError):
    """The context has no rules for this instrument."""

    code = "instrument_unknown"


class NoInstrumentError(InvalidInputError):
    """A header does not say which instrument took the data."""

    code = "no_instrument"


class OtherObservatoryError(InvalidInputError):
    """A header or id belongs to another observatory."""

    code = "other_observatory"


class UnknownDatasetError(InvalidInputError):
    """No archived dataset has this id; the message is the documented one."""

    code = "dataset_unknown"


class ArchiveUnreachableError(InvalidInputError):
    """The archive does not answer, so the server cannot know whether the dataset exists."""

    code = "archive_unreachable"


class UnknownTypeError(InvalidInputError):
    """The instrument has no such reference type in the context."""

    code = "reftype_unknown"


class NoSuchExposureError(NotFoundError):
    """No exposure has this id, or several have it; the message names them."""

    code = "dataset_unknown"


class NoAnswersKeptError(ConflictError):
    """No answers for all datasets were worked out yet."""

    code = "no_answers_kept"
