"""Families of errors by who must act. Each face translates them in one place."""

from apps.rules.errors import CrdsError


class DeniedError(CrdsError):
    """The caller may not do this; a page answers 403."""

    code = "denied"


class NotFoundError(CrdsError):
    """The requested thing does not exist; a page answers 404."""

    code = "not_found"


class ConflictError(CrdsError):
    """Somebody else was first, or the state does not allow it."""

    code = "conflict"


class InvalidInputError(CrdsError):
    """The caller can correct the input and try again."""

    code = "invalid_input"
