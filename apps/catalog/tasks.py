"""Work that beat asks for."""

import logging

from celery import shared_task

from apps.catalog import deliveries
from apps.catalog.deliveries import archive_state
from apps.catalog.pipeline import sweep as sweeping
from apps.catalog.pipeline import verify as verifying
from apps.catalog.quick_looks import pipeline as looking

logger = logging.getLogger(__name__)


@shared_task
def verify_store() -> None:
    """Put the store in order, compare it with the catalog, and log what is wrong: a line for each file."""
    sweeping.sweep(user="verify_store")
    count = 0
    for finding in verifying.verify():
        count += 1
        logger.error("verify_store: %s", finding)
    logger.info("verify_store: %d files are missing, changed or unknown", count)


@shared_task
def sweep_looks() -> None:
    looking.sweep()


@shared_task
def write_open_deliveries() -> None:
    """Complete what a kill left between the row of a delivery and its folder."""
    deliveries.catch_up()


@shared_task
def check_archive() -> None:
    """Note what the archive has, and what it picked up; that the folder is away hinders the second only."""
    archive_state.look_into_archive()
    archive_state.notice_pickups()
