"""Work that beat asks for."""

import logging

from celery import shared_task

from apps.catalog.pipeline import sweep as sweeping
from apps.catalog.pipeline import verify as verifying

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
