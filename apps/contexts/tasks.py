"""Work that beat asks for."""

from celery import shared_task

from apps.contexts.operations import renew_states


@shared_task
def follow_archive() -> None:
    """Let files of the latest context that the archive has got meanwhile be latest."""
    renew_states()
