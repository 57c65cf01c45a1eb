"""Tasks that beat sends."""

from celery import shared_task

from apps.vo.uws import operations, pipeline


@shared_task
def remove_old_jobs() -> None:
    """Remove queries whose time is over, and end those whose worker died."""
    operations.end_lost_jobs()
    pipeline.remove_old_jobs()
