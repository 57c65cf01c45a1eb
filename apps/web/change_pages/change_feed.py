"""The changes between two contexts as an Atom feed."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape

from apps.catalog.addresses import file_page
from apps.core.addresses import absolute
from apps.web.change_pages.change_table import ChangeRow, facts_of, rows_of
from apps.web.change_pages.context_changes import ContextChanges, TypeChanges
from apps.web.change_pages.feed_text import in_feed

MOST = 500  # entries; the table and its exports have all


def feed_of_changes(found: ContextChanges, types: Sequence[TypeChanges]) -> HttpResponse:
    """Return a feed with an entry for each changed reference, the newest delivery first."""
    page = absolute(reverse("web:changes", args=[found.old, found.new]))
    feed = Atom1Feed(
        title=in_feed(f"Changes from {found.old} to {found.new}"),
        link=in_feed(page),
        description="References that were added, replaced or removed.",
        feed_url=in_feed(f"{page}?format=atom"),
    )
    facts = facts_of(types)
    never = timezone.now()
    rows = sorted(rows_of(types, facts), key=lambda row: row.delivery.delivered_at or never, reverse=True)
    for row in rows[:MOST]:
        _add(feed, page, row)
    return HttpResponse(feed.writeString("utf-8"), "application/atom+xml; charset=utf-8")


def _add(feed: Atom1Feed, page: str, row: ChangeRow) -> None:
    change, delivery = row.change, row.delivery
    old, new = " ".join(change.old) or "nothing", " ".join(change.new) or "nothing"
    cases = len(change.cases)
    text = f"{old} before, {new} after, in {cases} match case{'' if cases == 1 else 's'}. {delivery.why}"
    key = "-".join((row.instrument, row.reftype, change.change.value, old, new)).replace(" ", "+")
    feed.add_item(
        title=in_feed(f"{row.instrument} {row.reftype}: {' '.join(change.references)} {change.change.value}"),
        link=in_feed(absolute(file_page(row.named)) if row.named else page),
        description=escape(in_feed(text).strip()),  # Readers take it for HTML.
        # The same change is the same entry, whenever and with whatever filters the feed is read.
        unique_id=in_feed(f"{page}#{key}"),
        pubdate=delivery.delivered_at,
        updateddate=delivery.delivered_at,
    )
