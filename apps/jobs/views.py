"""Pages and addresses of progress channels. Whoever knows the key of one may watch it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from apps.core.access import require_role, role_required
from apps.core.sites import own_pages_only
from apps.jobs import operations, queries, wire
from apps.jobs.errors import ChannelNotFoundError
from apps.jobs.events import open_stream
from apps.jobs.models import Channel, Message
from apps.jobs.states import MessageType

SESSION_KEY = "jpoll_key"  # Where the session keeps the channel that its next form reports to.
LEVELS = {  # What a reader may choose to see; `done` is always shown.
    "verbose": list(MessageType),
    "info": [MessageType.LOG_MESSAGE, MessageType.WARNING, MessageType.ERROR, MessageType.DONE],
    "warning": [MessageType.WARNING, MessageType.ERROR, MessageType.DONE],
    "error": [MessageType.ERROR, MessageType.DONE],
}


@require_GET
@never_cache
@own_pages_only
@role_required("submitter", is_api=True)
def open_channel(request: HttpRequest) -> HttpResponse:
    key = operations.open_channel(user=require_role(request, "submitter").get_username())
    request.session[SESSION_KEY] = key
    return JsonResponse(key, safe=False)


@require_safe
@never_cache
def log(request: HttpRequest, key: str) -> HttpResponse:
    level = request.GET.get("level", "info")
    level = level if level in LEVELS else "info"
    since = _number(request.GET.get("since"))
    try:
        channel = queries.require_channel(key)
    except ChannelNotFoundError as exc:
        return render(request, "jobs/log.html", {"page": {"missing": str(exc)}}, status=404)
    page = _page(channel, queries.messages(key, since), level)
    return render(request, "jobs/log.html", {"page": page})


def _page(channel: Channel, found: list[Message], level: str) -> dict[str, Any]:
    end = next((message for message in found if message.type == MessageType.DONE), None)
    return {
        "key": channel.key,
        "messages": [message for message in found if message.type in LEVELS[level]],
        "level": level,
        "levels": list(LEVELS),
        "is_done": channel.done_at is not None,
        "end": end,
        # Only an address of the web becomes a link.
        "link": end.text if end and end.text.startswith(("http://", "https://")) else "",
        "last": found[-1].number if found else 0,
        "has_more": len(found) == queries.AT_ONCE,
    }


@require_safe
@never_cache
def messages(request: HttpRequest, key: str) -> HttpResponse:
    try:
        found = queries.messages(key, _number(request.GET.get("since")))
    except ChannelNotFoundError as exc:
        return JsonResponse({"error": str(exc)}, status=404)
    return JsonResponse({"messages": [wire.plain(message) for message in found]})


@require_GET
def events(request: HttpRequest, key: str) -> HttpResponseBase:
    since = _number(request.headers.get("Last-Event-ID") or request.GET.get("since"))
    try:
        channel = queries.require_channel(key)
    except ChannelNotFoundError as exc:
        return HttpResponse(f"{exc}\n", "text/plain; charset=utf-8", 404)
    if channel.done_at is not None and channel.last_number <= since:
        return HttpResponse(status=204)  # Tells the browser not to come back.
    stream = open_stream(key, since)
    if stream is None:
        return HttpResponse("Too many streams; poll.\n", "text/plain", 503, headers={"Retry-After": "5"})
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(stream, content_type="text/event-stream", headers=headers)


def _number(text: str | None) -> int:
    """Return the number of a message; what is none means the beginning."""
    return int(text) if text and len(text) <= 19 and text.isascii() and text.isdigit() else 0
