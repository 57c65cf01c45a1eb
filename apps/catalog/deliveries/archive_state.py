"""Notices what the archive does by itself: catalogues it picked up, and files it has."""

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

ROUND_SECONDS = 120.0  # for which the archive is asked at a stretch; the rest has its turn in the next round
ROUND_FILES = 500  # asked for in one round


def notice_pickups() -> int:
    """Note every catalogue that is gone from the folder, or has another name, as picked up.

    Returns
    -------
    How many there were.

    Raises
    ------
    DeliveryFolderError
        Raised if the folder is not ours; nothing is noted then.
    """
    waiting = list(Delivery.objects.filter(status=DeliveryStatus.OPEN).exclude(written_at=None))
    if not waiting:
        return 0
    folder.require_marked()
    # The row was read before the folder, and must still speak of the same catalogue.
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
    """Ask the archive for files it is at work with; a delivery is archived once it has all of them.

    Returns
    -------
    How many deliveries that were. None ever are where no `ARCHIVE_URL` is set.
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
    """Ask for missing files, those first that were not asked for longest."""
    in_work = Delivery.objects.filter(IN_WORK)
    rows = DeliveredFile.objects.filter(delivery__in=in_work, available_at=None)
    until = time.monotonic() + ROUND_SECONDS
    for row in rows.select_related("file").order_by(F("checked_at").asc(nulls_first=True), "pk")[
        :ROUND_FILES
    ]:
        if time.monotonic() > until:
            return
        now = timezone.now()
        # Noted first: a file at which the archive breaks down is not the first one of each round.
        DeliveredFile.objects.filter(pk=row.pk).update(checked_at=now)
        problem = archive.problem_with(row.file)
        if problem != row.problem:
            logger.info("archive: %s %s", row.file, problem or "is available")
        # A delivery that was handed out anew meanwhile is asked for anew.
        DeliveredFile.objects.filter(pk=row.pk, delivery__in=in_work).update(
            problem=problem, available_at=None if problem else now
        )
