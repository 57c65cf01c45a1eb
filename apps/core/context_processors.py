"""Facts about the server that every page shows."""

from django.conf import settings
from django.http import HttpRequest

from apps.core.outage_notices import outage_notice
from apps.rules.observatories import get_observatory


def site(request: HttpRequest) -> dict[str, str]:
    """Return the observatory and, unless this is the operational server, its badge."""
    badge = "" if settings.SERVER_STRING == "ops" else settings.SERVER_STRING
    return {
        "observatory": settings.OBSERVATORY,
        "server_string": badge,
        "server_version": settings.SERVER_VERSION,
        "public_url": settings.PUBLIC_URL,
        "maintenance": settings.MAINTENANCE,
        "banner": get_observatory(settings.OBSERVATORY).banner,
        "outage": outage_notice(),
    }
