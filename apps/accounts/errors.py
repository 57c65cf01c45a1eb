"""Errors of login and of accounts."""

from apps.core.errors import ConflictError, DeniedError, InvalidInputError


class LoginError(DeniedError):
    """The identity is not verified, or has no account here."""

    code = "login_failed"


class NoAccountError(LoginError):
    """The identity is verified, but has no account here."""

    code = "no_account"


class TooManyAttemptsError(LoginError):
    """So many logins failed that the next one must wait."""

    code = "too_many_attempts"


class AccountExistsError(ConflictError):
    """The name, the e-mail address or the identity already belongs to an account."""

    code = "account_exists"


class BadAccountError(InvalidInputError):
    """The account or token cannot be made with these values."""

    code = "bad_account"
