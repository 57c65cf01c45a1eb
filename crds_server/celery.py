"""The worker; what it is told stands in the settings."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crds_server.settings")

TRANSPORT_ALIASES["filesystem"] = "crds_server.folder_broker:Transport"

app = Celery("crds_server")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
