"""The pickups of the archive, and the files it has, as far as we can see them."""

import logging
import time

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from apps.catalog.deliveries import archive, folder
from apps.catalog.deliveries.operations import move
from apps.catalog.deliveries.queries import IN_WORK
from apps.catalog.models import DeliveredFile, Delivery
from apps.catalog.states import DeliveryStatus

logger = logging.getLogger(__name__)

ROUND_SECONDS = 120.0  # longest time of one round; the remaining files are asked for in the next round
ROUND_FILES = 500  # asked for in one round


def notice_pickups() -> int:
    """Mark every delivery as picked up whose catalogue is no longer in the folder under its name.

    Returns
    -------
    The number of deliveries.

    Raises
    ------
    DeliveryFolderError
        Raised if the folder is not ours; then nothing is marked.
    """
    waiting = list(Delivery.objects.filter(status=DeliveryStatus.OPEN).exclude(written_at=None))
    if not waiting:
        return 0
    folder.require_marked()
    # The row was read before the folder. It must still describe the same catalogue.
    return sum(
        move(
            delivery,
            DeliveryStatus.PICKED_UP,
            user="delivery folder",
            only_if=Q(status=DeliveryStatus.OPEN, written_at=delivery.written_at),
        )
        for delivery in waiting
        if not folder.has_catalogue(delivery.name)
    )


def look_into_archive() -> int:
    """Ask the archive for files that it is working on; a delivery is archived once the archive has them all.

    Returns
    -------
    The number of deliveries that became archived: always 0 where no `ARCHIVE_URL` is set.
    """
    if not settings.ARCHIVE_URL:
        return 0
    try:
        _ask_for_files()
    except OSError as exc:
        logger.warning("the archive does not answer: %s", exc)
    complete = IN_WORK & ~Q(rows__available_at=None)
    return sum(
        move(delivery, DeliveryStatus.ARCHIVED, user="archive check", only_if=complete)
        for delivery in Delivery.objects.filter(complete)
    )


def _ask_for_files() -> None:
    """Ask for missing files, starting with those that were not asked for the longest time."""
    in_work = Delivery.objects.filter(IN_WORK)
    rows = DeliveredFile.objects.filter(delivery__in=in_work, available_at=None)
    until = time.monotonic() + ROUND_SECONDS
    for row in rows.select_related("file").order_by(F("checked_at").asc(nulls_first=True), "pk")[
        :ROUND_FILES
    ]:
        if time.monotonic() > until:
            return
        now = timezone.now()
        # This is written first. Otherwise a file that breaks the archive would be the first of each round.
        DeliveredFile.objects.filter(pk=row.pk).update(checked_at=now)
        problem = archive.problem_with(row.file)
        if problem != row.problem:
            logger.info("archive: %s %s", row.file, problem or "is available")
        # If the delivery was handed out again in the meantime, its files must be asked for again.
        DeliveredFile.objects.filter(pk=row.pk, delivery__in=in_work).update(
            problem=problem, available_at=None if problem else now
        )
