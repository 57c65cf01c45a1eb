"""Tasks that beat starts on schedule."""

import logging

from celery import shared_task

from apps.catalog import deliveries
from apps.catalog.deliveries import archive_state
from apps.catalog.pipeline import sweep as sweeping
from apps.catalog.pipeline.fixity import check_store
from apps.catalog.quick_looks import pipeline as looking

logger = logging.getLogger(__name__)


@shared_task
def verify_store() -> None:
    """Clean up the store, compare it with the catalog, and raise an alarm if a file is wrong."""
    sweeping.sweep(user="verify_store")
    run = check_store()
    logger.info("verify_store: %d of %d files are missing, changed or unknown", run.faults, run.files)


@shared_task
def sweep_looks() -> None:
    looking.sweep()


@shared_task
def write_open_deliveries() -> None:
    """Write deliveries whose process was killed after their row and before their folder was written."""
    deliveries.catch_up()


@shared_task
def check_archive() -> None:
    """Note the files that the archive has, and then its pickups, which fail if the folder is not mounted."""
    archive_state.look_into_archive()
    archive_state.notice_pickups()
