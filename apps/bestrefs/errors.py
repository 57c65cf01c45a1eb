"""What can be wrong with a question about best references."""

from apps.core.errors import InvalidInputError


class LimitExceededError(InvalidInputError):
    """More was asked for in one call than the published limit allows."""

    code = "limit_exceeded"


class BadLabelError(InvalidInputError):
    """A header in a map is called something no dataset is called."""

    code = "bad_label"


class InstrumentNotInContextError(InvalidInputError):
    """The context has no rules for this instrument."""

    code = "instrument_unknown"
