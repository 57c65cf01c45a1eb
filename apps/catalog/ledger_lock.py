"""The lock of everything that depends on the whole ledger: pointers, serials, the taint of bad files."""

from django.db import OperationalError

from apps.catalog.models import Revision
from apps.core.errors import ConflictError

_GAVE_UP = ("55P03", "57014")  # PostgreSQL's SQLSTATE of lock_timeout and statement_timeout


def lock_ledger() -> None:
    """Wait until no other transaction has the lock, and keep it to the end of this transaction.

    It locks the row that counts changes, because nearly all such transactions write that row anyway.

    Raises
    ------
    ConflictError
        Raised if the wait takes longer than the database's time limit for locks.
    """
    try:
        Revision.objects.get_or_create(pk=1)
        Revision.objects.select_for_update().get(pk=1)
    except OperationalError as exc:
        if not is_held_by_others(exc):
            raise
        raise ConflictError(
            "Another change of contexts or files is taking very long. Nothing was changed; try again in a "
            "minute, and tell the operators if it fails again."
        ) from exc


def is_held_by_others(error: OperationalError) -> bool:
    """Return whether a statement failed because it waited too long for the lock of another transaction.

    With SQLite the transaction itself waits, and fails before its first statement.
    """
    return getattr(error.__cause__, "sqlstate", None) in _GAVE_UP
