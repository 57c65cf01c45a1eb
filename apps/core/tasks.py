"""Tasks that beat sends."""

from celery import shared_task

from apps.core import heartbeat


@shared_task
def beat() -> None:
    heartbeat.beat()
