"""Tasks that beat sends."""

from celery import shared_task

from apps.reprocessing import operations, pipeline


@shared_task
def follow_latest() -> None:
    """Notice moves of latest and searches that ended without a result."""
    operations.notice_changes()
    pipeline.follow_jobs()
