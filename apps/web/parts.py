"""The readiness check of the static files."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.files.storage import storages

from apps.core.readiness import PartNotReadyError, Program, part


@part("static", needed_by=(Program.WEB,))
def static_files() -> str:
    """Return the number of style sheets, scripts and pictures, or raise if any is missing."""
    storage: Any = storages["staticfiles"]
    if not isinstance(storage, ManifestFilesMixin):
        return "served from the source folders"
    wanted = [name for finder in get_finders() for name, _storage in finder.list([])]
    missing = _missing(storage, wanted)
    if missing:
        raise PartNotReadyError(
            f"{len(missing)} of {len(wanted)} static files are missing in {settings.STATIC_ROOT}, "
            f"for example {missing[0]}; run: manage.py collectstatic --noinput"
        )
    return f"{len(wanted)} files"


def _missing(storage: Any, wanted: list[str]) -> list[str]:
    """Return the wanted files that are not in the manifest, or whose copies are gone."""
    collected, _hash = storage.load_manifest()
    return [name for name in wanted if name not in collected or not storage.exists(collected[name])]
