"""Operations on accounts: make and change them, log in and out, make and revoke tokens."""

from apps.accounts.operations.login import identify, log_in, log_out
from apps.accounts.operations.people import (
    bind_identity,
    change_password,
    close_account,
    create_account,
    grant,
    withdraw,
)
from apps.accounts.operations.tokens import create_token, note_use, revoke_token

__all__ = [
    "bind_identity",
    "change_password",
    "close_account",
    "create_account",
    "create_token",
    "grant",
    "identify",
    "log_in",
    "log_out",
    "note_use",
    "revoke_token",
    "withdraw",
]
