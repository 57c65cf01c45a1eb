"""Scheduled work."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def clear_sessions() -> None:
    """Delete the rows of expired sessions."""
    call_command("clearsessions")
