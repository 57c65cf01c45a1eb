"""Maintenance: everything can be read and asked, nothing is changed (website, section 10)."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

GetResponse = Callable[[HttpRequest], HttpResponse]


def refuse_changes(get_response: GetResponse) -> GetResponse:
    """Answer what would change something with the text of `settings.MAINTENANCE`, where clients look for it.

    The status is 200, for of any other one the client tells its number and not the text.
    """
    may_go_on = re.compile("|".join(settings.MAINTENANCE_PATHS)).match

    def middleware(request: HttpRequest) -> HttpResponse:
        is_asking = request.method in ("GET", "HEAD", "OPTIONS") or may_go_on(request.path_info)
        if not settings.MAINTENANCE or is_asking:
            return get_response(request)
        return render(request, "maintenance.html", status=200)

    return middleware
