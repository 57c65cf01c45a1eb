"""Updates of the delivery folder from the rows; they may be killed at any point and called again."""

import logging

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from apps.catalog.deliveries import folder, queries
from apps.catalog.ledger_lock import lock_ledger
from apps.catalog.models import Delivery
from apps.catalog.states import DeliveryStatus
from apps.rules.errors import CrdsError

logger = logging.getLogger(__name__)

DUE = Q(status=DeliveryStatus.OPEN, written_at=None)


def write(delivery: Delivery) -> bool:
    """Put the links of a delivery and then its catalogue into the folder, unless that is done or not due.

    Call it after the transaction that opened the delivery is committed. Failures are logged and not raised:
    the files are official in any case, and `catch_up` tries again.

    Returns
    -------
    Whether the delivery needs no further try.
    """
    try:
        _write(delivery)
    except (CrdsError, OSError, DatabaseError) as exc:
        logger.error("%s could not be written to the delivery folder: %s", delivery, exc)
        return False
    return True


def _write(delivery: Delivery) -> None:
    if not Delivery.objects.filter(DUE, pk=delivery.pk).exists():
        return
    files = list(delivery.files.order_by("name"))
    folder.prepare(is_first=not Delivery.objects.exclude(written_at=None).exists())
    for file in files:
        folder.place(file)
    with folder.unpublished_catalogue(file.name for file in files) as part, transaction.atomic():
        # If two processes write it, only one may publish it: the archive must not see a catalogue again that
        # it has picked up. A kill before the commit can still cause that, but it is rare and harmless: a name
        # means the same bytes.
        lock_ledger()
        if Delivery.objects.filter(DUE, pk=delivery.pk).update(written_at=timezone.now()):
            folder.publish(part, delivery.name)
            logger.info("%s: written with %d files", delivery, len(files))
    delivery.refresh_from_db()


def catch_up() -> None:
    """Write every delivery that is due, and remove entries of the folder that nobody needs."""
    for delivery in Delivery.objects.filter(DUE).order_by("number"):
        write(delivery)
    tidy()


def tidy() -> None:
    """Remove catalogues that are no longer open, and links that only archived deliveries have.

    Failures are logged and not raised, as by `write`.
    """
    try:
        folder.remove_abandoned_parts()
        if _surplus():
            # Computed again under the lock, so that no new delivery needs a file that is about to be removed.
            with transaction.atomic():
                lock_ledger()
                folder.remove(_surplus())
    except (OSError, DatabaseError) as exc:
        logger.error("the delivery folder could not be cleaned up: %s", exc)


def _surplus() -> list[str]:
    """Return our entries of the folder that nobody needs; entries of others are left alone."""
    names = folder.listed()
    return queries.closed_catalogues(names) + queries.archived_files(names)
