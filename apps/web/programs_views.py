"""Texts for programs that visit every site: for search engines, and for whoever found a security problem."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.core.addresses import absolute
from apps.core.marks import runs_by_itself
from apps.core.refusals import PLAIN

# Every file, difference and table has a page, and each may take a second: programs would ask for millions.
ROBOTS = """User-agent: *
Allow: /$
Allow: /static/
Allow: /docs/
Disallow: /
"""
AGE = timedelta(days=365)


@runs_by_itself
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS, content_type=PLAIN)


@runs_by_itself
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Show where to report a security problem, in the form of RFC 9116."""
    contact = settings.SECURITY_CONTACT or f"mailto:{settings.MAIL_FROM}"
    expires = (timezone.now() + AGE).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {absolute(request.path)}",
    ]
    return HttpResponse("\n".join([*lines, ""]), content_type=PLAIN)
