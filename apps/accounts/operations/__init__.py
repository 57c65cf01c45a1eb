"""Operations on accounts: make and change them, log in and out, make and revoke tokens."""

from apps.accounts.operations.invitations import invite, send_password_link
from apps.accounts.operations.login import identify, log_in, log_out
from apps.accounts.operations.people import (
    bind_identity,
    change_password,
    close_account,
    create_account,
    grant,
    reopen_account,
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
    "invite",
    "log_in",
    "log_out",
    "note_use",
    "reopen_account",
    "revoke_token",
    "send_password_link",
    "withdraw",
]
