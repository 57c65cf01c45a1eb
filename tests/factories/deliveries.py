"""Deliveries to test with; every argument is optional."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from apps.catalog import deliveries
from apps.catalog.deliveries import Delivery
from apps.catalog.models import File
from tests.factories.catalog import make_file

NAMES = ("jwst_miri_dark_0001.fits", "jwst_miri_dark_0001.rmap")


def make_delivery(names: Sequence[str] = NAMES, *, is_written: bool = True, **fields: Any) -> Delivery:
    """Return an open delivery of files whose bytes the store has; `fields` are columns to set beside."""
    settings.ARCHIVE_MODE = "pickup"
    files = [
        File.objects.filter(name=name).first() or make_file(name, content=name.encode()) for name in names
    ]
    given = {"user": "homer", "why": "New darks"} | {
        key: fields.pop(key) for key in ("user", "why", "submission") if key in fields
    }
    delivery = deliveries.open_delivery(files, **given)
    if is_written:
        assert deliveries.write(delivery)
    Delivery.objects.filter(pk=delivery.pk).update(**(fields or {"user": delivery.user}))
    delivery.refresh_from_db()
    return delivery


def states(delivery: Delivery) -> list[str]:
    """Return the stored states of its files, in the order of their names."""
    return list(delivery.files.order_by("name").values_list("state", flat=True))
