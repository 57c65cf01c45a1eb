"""Why somebody is not let in, or an account not made."""

from apps.core.errors import ConflictError, DeniedError, InvalidInputError


class LoginError(DeniedError):
    """The identity is not verified, or has no account here."""

    code = "login_failed"


class NoAccountError(LoginError):
    """The identity is verified, and has no account here."""

    code = "no_account"


class TooManyAttemptsError(LoginError):
    """So many logins failed that the next one has to wait."""

    code = "too_many_attempts"


class AccountExistsError(ConflictError):
    """The name, the e-mail address or the identity belongs to an account already."""

    code = "account_exists"


class BadAccountError(InvalidInputError):
    """The account cannot be made of these words."""

    code = "bad_account"
