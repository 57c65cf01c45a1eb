"""Errors of locks."""

from apps.core.errors import ConflictError, InvalidInputError, NotFoundError


class LockedError(ConflictError):
    """Somebody else holds the instrument."""

    code = "locked"


class NoLockError(ConflictError):
    """The caller does not hold the lock that the action needs."""

    code = "no_lock"


class NoSuchInstrumentError(InvalidInputError):
    """The observatory has no such instrument."""

    code = "unknown_instrument"


class UnknownLockError(NotFoundError):
    """The lock no longer exists, or somebody else holds it."""

    code = "unknown_lock"
