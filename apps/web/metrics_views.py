"""The page of metrics for Prometheus."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core import metrics as processes
from apps.core.callers import caller_address, is_behind_unknown_proxy
from apps.core.marks import runs_by_itself
from apps.web import metrics as state

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@runs_by_itself
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        text = (
            "The setting METRICS_FROM says from where this may be read, and your address is not among them.\n"
        )
        return HttpResponse(text, "text/plain; charset=utf-8", 403)
    return HttpResponse(processes.written() + state.written(), CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    """Return whether the caller is in one of the networks; the caller behind an unknown proxy is nobody."""
    if is_behind_unknown_proxy(request.headers):
        return False
    try:
        address = ip_address(caller_address(request.headers, str(request.META.get("REMOTE_ADDR", ""))))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_FROM)
