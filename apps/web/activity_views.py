"""The list of recent activity."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from apps.core.filters import page_of
from apps.core.forms import messages_of
from apps.web.activity import ActivityForm, as_activity, matching_records


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@ensure_csrf_cookie
def recent(request: HttpRequest) -> HttpResponse:
    sent = request.POST if request.method == "POST" else request.GET
    form = ActivityForm(sent)
    shown = page_of(matching_records(form), sent) if form.is_valid() else None
    page = {
        "form": form,
        "error": "; ".join(messages_of(form)),
        "shown": shown,
        "activities": [as_activity(record) for record in shown or ()],
    }
    return render(request, "web/activity.html", {"page": page})
