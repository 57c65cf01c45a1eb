"""The worker; what it is told stands in the settings."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crds_server.settings")

app = Celery("crds_server")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
