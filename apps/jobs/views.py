"""Pages and addresses of progress channels. Whoever knows the key of a channel may watch it."""

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from apps.core.access import Actor, Role, with_role
from apps.core.marks import runs_by_itself
from apps.core.refusals import Form, answers_in
from apps.core.same_origin import own_pages_only
from apps.jobs import message_format, operations, queries
from apps.jobs.errors import ChannelNotFoundError
from apps.jobs.event_stream import open_stream
from apps.jobs.log_page import as_text, log_page

SESSION_KEY = "jpoll_key"  # Place in the session of the channel for its next form.


@require_GET
@never_cache
@own_pages_only
@with_role(Role.SUBMITTER, is_api=True)
def open_channel(request: HttpRequest, *, actor: Actor) -> HttpResponse:
    key = operations.open_channel(user=actor.get_username())
    request.session[SESSION_KEY] = key
    return JsonResponse(key, safe=False)


@runs_by_itself
@require_safe
@never_cache
def log(request: HttpRequest, key: str) -> HttpResponse:
    since = _number(request.GET.get("since"))
    try:
        page = log_page(key, levels=request.GET.getlist("level"), since=since)
    except ChannelNotFoundError as exc:
        return render(request, "jobs/log.html", {"page": {"missing": str(exc)}}, status=404)
    return render(request, "jobs/log.html", {"page": page})


@runs_by_itself
@answers_in(Form.TEXT)
@require_safe
@never_cache
def text(request: HttpRequest, key: str) -> HttpResponseBase:
    try:
        channel = queries.require_channel(key)
    except ChannelNotFoundError as exc:
        return HttpResponse(f"{exc}\n", "text/plain; charset=utf-8", 404)
    lines = as_text(channel, levels=request.GET.getlist("level"))
    answer = StreamingHttpResponse(lines, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="crds_{channel.opened_at:%Y%m%d_%H%M%S}.log"'
    return answer


@runs_by_itself
@answers_in(Form.JSON)
@require_safe
@never_cache
def messages(request: HttpRequest, key: str) -> HttpResponse:
    try:
        found = queries.messages(key, _number(request.GET.get("since")))
    except ChannelNotFoundError as exc:
        return JsonResponse({"error": str(exc)}, status=404)
    return JsonResponse({"messages": [message_format.plain(message) for message in found]})


@runs_by_itself
@answers_in(Form.TEXT)
@require_GET
def events(request: HttpRequest, key: str) -> HttpResponseBase:
    since = _number(request.headers.get("Last-Event-ID") or request.GET.get("since"))
    try:
        channel = queries.require_channel(key)
    except ChannelNotFoundError as exc:
        return HttpResponse(f"{exc}\n", "text/plain; charset=utf-8", 404)
    if channel.done_at is not None and channel.last_number <= since:
        return HttpResponse(status=204)  # The browser does not ask again after this status.
    stream = open_stream(key, since)
    if stream is None:
        return HttpResponse(
            "Too many streams are open. Poll instead.\n", "text/plain", 503, headers={"Retry-After": "5"}
        )
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(stream, content_type="text/event-stream", headers=headers)


def _number(text: str | None) -> int:
    """Return the number of a message; 0, the beginning, if the text is not a number."""
    return int(text) if text and len(text) <= 19 and text.isascii() and text.isdigit() else 0
