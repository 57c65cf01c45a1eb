"""Whose turn it is to change what depends on the whole ledger: pointers, serials, what a bad file taints."""

from apps.catalog.models import Revision


def take_turn() -> None:
    """Wait until no other transaction has the turn, and keep it to the end of this one.

    Its row is the counter of changes, which nearly all such transactions write anyway.
    """
    Revision.objects.get_or_create(pk=1)
    Revision.objects.select_for_update().get(pk=1)
