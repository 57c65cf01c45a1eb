"""The Django project: settings, addresses and the worker."""

from crds_server.celery import app as celery_app

__all__ = ["celery_app"]
