"""Tasks that beat sends."""

from celery import shared_task

from apps.subscriptions import operations
from apps.subscriptions.digests import send_digests as send


@shared_task
def notice_events() -> None:
    """Queue messages for new events."""
    operations.notice_events()


@shared_task
def send_digests() -> None:
    """Write the digests that are due, and remove old messages of web hooks."""
    send()
    operations.remove_old_messages()
