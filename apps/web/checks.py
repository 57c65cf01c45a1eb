"""System checks of the machine of an operational server, run at each start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from apps.web.health import NO_FITSVERIFY, has_fitsverify


@register()
def certification_is_complete(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Return a warning if an operational server cannot check FITS files as the client's tools do."""
    if settings.SERVER_STRING != "ops" or has_fitsverify():
        return []
    hint = "Run: apt-get install fitsverify"
    return [Warning(NO_FITSVERIFY, hint=hint, id="web.W001")]
