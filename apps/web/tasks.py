"""Tasks that beat sends."""

from celery import shared_task

from apps.web.impact_pages import operations, pipeline


@shared_task
def follow_submissions() -> None:
    """Work out the impact of each ready submission, and notice jobs that ended without one."""
    pipeline.follow_jobs()
    operations.ask_about_ready_submissions()
