"""The list of recent activity."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from apps.core.forms import messages_of
from apps.core.marks import changes_nothing
from apps.core.refusals import refuse
from apps.core.tables import exported
from apps.web.activity import ActivityForm, listing
from apps.web.activity_chart import chart


@changes_nothing
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
def recent(request: HttpRequest) -> HttpResponseBase:
    sent = request.POST if request.method == "POST" else request.GET
    form = ActivityForm(sent)
    page: dict[str, Any] = {"form": form, "error": "; ".join(messages_of(form)), "chart": chart()}
    if not form.is_valid():
        return refuse(
            request,
            page["error"],
            status=400,
            page=lambda: render(request, "web/activity.html", {"page": page}),
        )
    page["table"] = listing(form, sent)
    return exported(request, page["table"]) or render(request, "web/activity.html", {"page": page})
