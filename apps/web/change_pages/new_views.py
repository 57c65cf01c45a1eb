"""The page of the references that were delivered lately."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from apps.catalog import queries as catalog
from apps.core.tables import exported
from apps.rules.observatories import get_observatory
from apps.web.change_pages.feed_views import feed_address
from apps.web.change_pages.new_references import PERIODS, new_address, new_table

DEFAULT = "month"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@require_safe
def new(request: HttpRequest) -> HttpResponseBase:
    instrument, reftype = _known(request)
    # Links in digests name the day of the registration; people mostly ask for deliveries.
    registered = request.GET.get("registered", "")
    by = "registered" if _start(registered) else "since"
    asked = registered if by == "registered" else request.GET.get("since", "")
    start = _start(asked)
    since = asked if start else DEFAULT
    start = start or timezone.now() - PERIODS[DEFAULT]
    given = {by: since, "instrument": instrument, "type": reftype}
    kept = {name: value for name, value in given.items() if value}
    find = catalog.newly_registered if by == "registered" else catalog.new_references
    table = new_table(find(start, instrument=instrument, reftype=reftype), request.GET, kept=kept)
    if answer := exported(request, table):
        return answer
    last = catalog.last_delivery(instrument=instrument, reftype=reftype)
    types = get_observatory(settings.OBSERVATORY).types
    page = {
        "table": table,
        "by": by,
        "since": since,
        "start": start,
        "chosen": kept,
        "instruments": sorted(types),
        "types": sorted({name for own, names in types.items() if instrument in ("", own) for name in names}),
        "periods": [
            (
                f"this {name}",
                new_address(since=name, instrument=instrument, reftype=reftype),
                name == kept.get("since"),
            )
            for name in PERIODS
        ],
        "last_at": last,
        "last": new_address(since=f"{last:%Y-%m-%d}", instrument=instrument, reftype=reftype) if last else "",
        "subscribe": f"{reverse('subscriptions:own')}?{urlencode(kept)}",
        "feeds": [(form, feed_address(form, instrument, reftype)) for form in ("atom", "json")],
    }
    return render(request, "web/new_references.html", {"page": page})


def _known(request: HttpRequest) -> tuple[str, str]:
    """Return the instrument and the type that the address names; empty if the observatory has no such one."""
    types = get_observatory(settings.OBSERVATORY).types
    instrument = request.GET.get("instrument", "").strip().lower()
    reftype = request.GET.get("type", "").strip().lower()
    instrument = instrument if instrument in types else ""
    of_those = {name for own, names in types.items() if instrument in ("", own) for name in names}
    return instrument, reftype if reftype in of_those else ""


def _start(asked: str) -> datetime | None:
    """Return the first moment of a period or day; None if the text is neither."""
    if asked in PERIODS:
        return timezone.now() - PERIODS[asked]
    try:
        return datetime.strptime(asked, "%Y-%m-%d").replace(tzinfo=UTC) if _DAY.fullmatch(asked) else None
    except ValueError:
        return None
