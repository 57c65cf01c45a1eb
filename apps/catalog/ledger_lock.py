"""The lock of everything that depends on the whole ledger: pointers, serials, the taint of bad files."""

from apps.catalog.models import Revision


def lock_ledger() -> None:
    """Wait until no other transaction has the lock, and keep it to the end of this transaction.

    It locks the row that counts changes, because nearly all such transactions write that row anyway.
    """
    Revision.objects.get_or_create(pk=1)
    Revision.objects.select_for_update().get(pk=1)
