"""The worker, on Redis or on a folder of messages below the data root."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crds_server.settings")

from django.conf import settings

app = Celery("crds_server")

BEAT_SCHEDULE = {
    "heartbeat": {"task": "apps.core.tasks.beat", "schedule": settings.HEARTBEAT_SECONDS},
    "verify-store": {"task": "apps.catalog.tasks.verify_store", "schedule": crontab(hour="3", minute="0")},
}


def _filesystem_transport() -> dict[str, object]:
    """Return the options of Celery's folder broker; sender and receiver share one folder."""
    folders = {name: settings.BROKER_ROOT / name for name in ("messages", "control", "processed")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "control_folder": str(folders["control"]),
        "processed_folder": str(folders["processed"]),
        "polling_interval": 0.1,
    }


app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=True,
    worker_hijack_root_logger=False,
    beat_schedule=BEAT_SCHEDULE,
    # Two servers may share one Redis: each keeps to a queue of its own.
    task_default_queue=f"crds-{settings.OBSERVATORY}-{settings.SERVER_STRING}",
)
if settings.CELERY_BROKER_URL.startswith("filesystem:"):
    app.conf.broker_transport_options = _filesystem_transport()

app.autodiscover_tasks()
