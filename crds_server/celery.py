"""The worker, configured by the settings."""

import os
from functools import cached_property
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crds_server.settings")

TRANSPORT_ALIASES["filesystem"] = "crds_server.folder_broker:Transport"


class Server(Celery):
    """Celery with a beat of our own."""

    @cached_property
    def Beat(self) -> Any:
        """Return the class of ``celery beat``."""
        return self.subclass_with_self("crds_server.periodic_tasks:Beat")


app = Server("crds_server")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def read_settings(**_: Any) -> None:
    """Refuse unreadable settings before Celery reads them in the middle of its own start."""
    from django.conf import settings

    from crds_server.start import refusing

    with refusing(status=1):
        settings.INSTALLED_APPS  # noqa: B018 (the first use of the settings reads them)


def require_parts(**_: Any) -> None:
    """Refuse to start a worker, or beat alone, unless its parts are ready."""
    import django

    from crds_server.start import refusing

    with refusing(status=1):
        django.setup()

        from apps.core.readiness import Program, require

        require(Program.WORKER)


app.on_configure.connect(read_settings)
celeryd_init.connect(require_parts)
beat_init.connect(require_parts)
