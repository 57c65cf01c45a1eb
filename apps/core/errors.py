"""Families of errors that say who must act; each face translates them in one place."""

from apps.rules.errors import CrdsError


class DeniedError(CrdsError):
    """The caller may not do this: a page answers 403."""

    code = "denied"


class NotFoundError(CrdsError):
    """What was asked for does not exist: a page answers 404."""

    code = "not_found"


class ConflictError(CrdsError):
    """Somebody else was first, or the state does not allow it."""

    code = "conflict"


class InvalidInputError(CrdsError):
    """The caller can mend the input and try again."""

    code = "invalid_input"
