"""Tasks that beat sends."""

from celery import shared_task

from apps.bestrefs import pipeline


@shared_task
def follow() -> None:
    """Queue the computation of best references after a move of latest and after imports of datasets."""
    pipeline.follow()
