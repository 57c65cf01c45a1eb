"""The text indexes of all apps."""

from collections.abc import Iterator
from importlib import import_module

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from apps.core.text_indexes.index import TextIndex


def all_indexes() -> Iterator[TextIndex]:
    """Yield the indexes that the module ``text_indexes`` of each app names in its ``ALL``."""
    for app in apps.get_app_configs():
        if module_has_submodule(app.module, "text_indexes"):
            yield from getattr(import_module(f"{app.name}.text_indexes"), "ALL", ())
