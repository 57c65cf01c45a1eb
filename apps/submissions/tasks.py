"""Work that beat asks for."""

from celery import shared_task

from apps.submissions import ingest


@shared_task
def remove_abandoned_parts() -> None:
    ingest.remove_abandoned_parts()
