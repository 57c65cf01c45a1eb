"""Views of the lists of contexts, and of the comparison of two ticked rows."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.catalog import queries as catalog
from apps.catalog.addresses import difference_page
from apps.contexts.context_chooser import delivery_order
from apps.core.tables import Table, exported
from apps.rules.naming.file_names import is_file_name
from apps.web.context_pages import context_lists
from apps.web.context_pages.activity_bars import find_chart

SHARED = 20  # contexts delivered at the same moment, which was an import then
MOST = 50  # ticked rows that the page repeats


@require_safe
def context_history(request: HttpRequest) -> HttpResponseBase:
    known = context_lists.find_latest_contexts()
    table = context_lists.history_table(known, request.GET)
    return exported(request, table) or _page(request, "context_history", table, lambda: _charts(known))


@require_safe
def all_contexts(request: HttpRequest) -> HttpResponseBase:
    table = context_lists.delivered_table(context_lists.find_delivered(), request.GET)
    return exported(request, table) or _page(request, "all_contexts", table)


@require_safe
def build_contexts(request: HttpRequest) -> HttpResponseBase:
    table = context_lists.build_table(context_lists.find_builds(), request.GET)
    return exported(request, table) or _page(request, "build_contexts", table)


def _page(
    request: HttpRequest, name: str, table: Table, charts: Callable[[], list[object]] = list
) -> HttpResponse:
    page = {"table": table, "charts": charts()}
    return render(request, f"web/{name}.html", {"page": page})


def _charts(known: list[context_lists.LatestContext]) -> list[object]:
    changes = [row.started_at for row in known]
    deliveries = _without_imports([context.delivered_at for context in context_lists.find_delivered()])
    found = (
        find_chart("Contexts delivered", deliveries, noun="context", span=changes),
        find_chart("Contexts that became latest", changes, noun="change", span=deliveries),
    )
    return [chart for chart in found if chart]


def _without_imports(moments: list[datetime]) -> list[datetime]:
    """Leave out moments that many contexts share: an import does not know the times of delivery."""
    counts = Counter(moments)
    return [moment for moment in moments if counts[moment] < SHARED]


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    names = [name for name in dict.fromkeys(request.GET.getlist("file")) if is_file_name(name)]
    if len(names) == 2:
        older, newer = _in_order(names)
        return HttpResponseRedirect(difference_page(older, newer), status=303)
    error = f"Tick exactly two rows to compare. You ticked {len(names)}."
    page = {"names": names[:MOST], "count": len(names), "error": error}
    return render(request, "web/compare.html", {"page": page})


def _in_order(names: list[str]) -> list[str]:
    """Return two files, the older one first: contexts by serial number, others by time of delivery.

    Names of unknown files keep their order.
    """
    if all(name.endswith(".pmap") for name in names):
        return sorted(names, key=delivery_order)
    known = catalog.files_named(names)
    if len(known) < len(names):
        return names
    return sorted(names, key=lambda name: known[name].delivered_at)
