"""What can be wrong with a lock."""

from apps.core.errors import ConflictError, InvalidInputError, NotFoundError


class LockedError(ConflictError):
    """Somebody else holds the instrument."""

    code = "locked"


class NoLockError(ConflictError):
    """The caller does not hold the lock that this needs."""

    code = "no_lock"


class UnknownInstrumentError(InvalidInputError):
    """The observatory has no such instrument."""

    code = "unknown_instrument"


class UnknownLockError(NotFoundError):
    """The lock is gone, or has changed hands."""

    code = "unknown_lock"
