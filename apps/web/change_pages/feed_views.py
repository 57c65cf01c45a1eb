"""Feeds of new references, and of the moves of each pointer, in Atom and JSON Feed 1.1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.views.decorators.http import require_safe

from apps.catalog import queries as catalog
from apps.catalog.addresses import changes_page, file_page
from apps.catalog.models import File
from apps.contexts.models import ContextChange
from apps.core.addresses import absolute
from apps.rules.observatories import get_observatory
from apps.web.activity import without_addresses
from apps.web.change_pages.feed_text import in_feed
from apps.web.change_pages.new_references import new_address

MOST = 100  # entries of a feed
MINUTES = 10  # for which readers keep a feed


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry; its address is also its id and never changes."""

    title: str
    text: str
    address: str
    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed with its entries, newest first.

    Attributes
    ----------
    page, own
        Addresses of the page with the same content, and of the feed.
    """

    title: str
    page: str
    own: str
    entries: Sequence[FeedEntry]


def feed_address(form: str, instrument: str = "", reftype: str = "") -> str:
    """Return the address of the feed of new references; ``form`` is ``atom`` or ``json``."""
    given = {"form": form, "instrument": instrument, "reftype": reftype if instrument else ""}
    return reverse("web:reference_feed", kwargs={name: value for name, value in given.items() if value})


@require_safe
def references(
    request: HttpRequest, form: str, instrument: str | None = None, reftype: str | None = None
) -> HttpResponse:
    types = get_observatory(settings.OBSERVATORY).types
    if (instrument and instrument not in types) or (
        reftype and reftype not in types.get(instrument or "", ())
    ):
        raise Http404(f"{settings.OBSERVATORY} has no type {instrument} {reftype or ''}".strip())
    wanted = {"instrument": instrument or "", "reftype": reftype or ""}
    rows = catalog.new_references(None, **wanted)
    of = " ".join(filter(None, (settings.OBSERVATORY.upper(), instrument, reftype)))
    feed = Feed(
        title=f"New references of {of}",
        page=absolute(new_address(since="month", **wanted)),
        own=absolute(feed_address(form, **wanted)),
        entries=[_reference(file) for file in rows[:MOST]],
    )
    return _answer(feed, form)


@require_safe
def contexts(request: HttpRequest, form: str, pointer: str) -> HttpResponse:
    rows = ContextChange.objects.filter(pointer=pointer).order_by("-started_at", "-pk")[: MOST + 1]
    moves = [*rows, None]
    feed = Feed(
        title=f"{settings.OBSERVATORY.upper()} {pointer} context",
        page=absolute(reverse("web:context_history")),
        own=absolute(reverse("web:context_feed", args=[pointer, form])),
        entries=[_move(change, before) for change, before in pairwise(moves) if change][:MOST],
    )
    return _answer(feed, form)


def _reference(file: File) -> FeedEntry:
    address = absolute(file_page(file.name))
    useafter = f" It applies from {file.useafter_at:%Y-%m-%d}." if file.useafter_at else ""
    why = without_addresses(file.description)
    title = f"{file.instrument} {file.filekind}: {file.name}"
    return FeedEntry(title, f"{why}{useafter}".strip(), address, file.delivered_at, address)


def _move(change: ContextChange, before: ContextChange | None) -> FeedEntry:
    page = reverse("web:context_table", args=[change.context])
    is_move = before is not None and before.context != change.context
    address = changes_page(before.context, change.context) if before is not None and is_move else page
    title = f"{change.context} is {change.pointer}"
    if change.calibration_version:
        title += f" for {change.calibration_version}"
    id = f"{absolute(page)}#{change.pointer}-{change.started_at:%Y%m%dT%H%M%S}"
    return FeedEntry(title, without_addresses(change.reason), absolute(address), change.started_at, id)


def _answer(feed: Feed, form: str) -> HttpResponse:
    answer = _atom(feed) if form == "atom" else _json(feed)
    answer["Cache-Control"] = f"public, max-age={MINUTES * 60}"
    return answer


def _atom(feed: Feed) -> HttpResponse:
    made = Atom1Feed(
        title=in_feed(feed.title), link=in_feed(feed.page), description="", feed_url=in_feed(feed.own)
    )
    for entry in feed.entries:
        made.add_item(
            title=in_feed(entry.title),
            link=in_feed(entry.address),
            description=escape(in_feed(entry.text)),  # Readers take it for HTML.
            unique_id=in_feed(entry.id),
            pubdate=entry.at,
            updateddate=entry.at,
        )
    return HttpResponse(made.writeString("utf-8"), "application/atom+xml; charset=utf-8")


def _json(feed: Feed) -> HttpResponse:
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page,
        "feed_url": feed.own,
        "items": [
            {
                "id": entry.id,
                "url": entry.address,
                "title": entry.title,
                "content_text": entry.text,
                "date_published": f"{entry.at:%Y-%m-%dT%H:%M:%SZ}",
            }
            for entry in feed.entries
        ],
    }
    return JsonResponse(body, content_type="application/feed+json; charset=utf-8")
