"""The Django project: settings, addresses and the worker."""

from crds_server.celery import app as celery_app

__all__ = ["__version__", "celery_app"]

__version__ = "0.2.0"  # Also in pyproject.toml. CHANGELOG.md lists the changes of each version.
