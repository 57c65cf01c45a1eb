"""The page of what changed between two contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.catalog.addresses import difference_page
from apps.contexts.errors import InvalidDateContextError, UnknownContextError, UnusableContextError
from apps.core.refusals import refuse
from apps.core.tables import Table, exported
from apps.reprocessing.errors import UnknownTransitionError
from apps.reprocessing.models import Transition
from apps.reprocessing.queries import find_pair
from apps.reprocessing.states import Status
from apps.web.change_pages.change_feed import feed_of_changes
from apps.web.change_pages.change_table import change_table
from apps.web.change_pages.context_changes import ContextChanges, TypeChanges, context_changes
from apps.web.context_pages.requested_context import find_requested, suggestions


@dataclass(frozen=True, slots=True)
class TypeLine:
    """One line of the summary.

    Attributes
    ----------
    exposures
        Number of exposures with another reference; None if nobody has searched for them.
    address
        Address of this page with the changes of this type only.
    lines
        Address of the differences of the rules, line by line; empty if there is only one side.
    """

    changes: TypeChanges
    exposures: int | None
    address: str
    lines: str


@require_safe
def changes(request: HttpRequest, old: str, new: str) -> HttpResponseBase:
    try:
        found = context_changes(find_requested(old).name, find_requested(new).name)
    except (UnknownContextError, InvalidDateContextError, UnusableContextError) as exc:
        return _missing(request, old, new, exc)
    chosen = {name: request.GET.get(name, "").strip().lower()[:64] for name in ("instrument", "type")}
    types = found.of(chosen["instrument"], chosen["type"])
    if request.GET.get("format") == "atom":
        return feed_of_changes(found, types)
    kept = {name: value for name, value in chosen.items() if value}
    label = f"Changes {found.old} to {found.new}".replace(".pmap", "")
    table = change_table(types, request.GET, kept=kept, label=label)
    return exported(request, table) or _page(request, found, table, kept)


def _page(request: HttpRequest, found: ContextChanges, table: Table, chosen: dict[str, str]) -> HttpResponse:
    transition = _search_of(found)
    here = reverse("web:changes", args=[found.old, found.new])
    page = {
        "changes": found,
        "summary": [_line(each, transition, here) for each in found.types],
        "search": transition,
        "table": table,
        "chosen": chosen,
        "types": sorted({each.reftype for each in found.of(chosen.get("instrument", ""), "")}),
        "here": here,
        "lines": difference_page(found.old, found.new),
    }
    return render(request, "web/changes.html", {"page": page})


def _line(changes: TypeChanges, transition: Transition | None, here: str) -> TypeLine:
    counts = transition.counts if transition else None
    return TypeLine(
        changes,
        None if counts is None else counts.get(changes.instrument, {}).get(changes.reftype, 0),
        f"{here}?instrument={changes.instrument}&type={changes.reftype}#references",
        difference_page(changes.old, changes.new) if changes.is_pair else "",
    )


def _search_of(found: ContextChanges) -> Transition | None:
    """Return the finished search for the affected datasets, or None."""
    try:
        _move, transition = find_pair(found.old, found.new)
    except UnknownTransitionError:
        return None
    return transition if transition is not None and transition.status == Status.COMPLETE else None


def _missing(request: HttpRequest, old: str, new: str, error: Any) -> HttpResponse:
    """Answer that a context is unknown (404) or cannot be read here (409), with those most like it."""
    status = 409 if isinstance(error, UnusableContextError) else 404
    page = {"reason": str(error), "near": [] if status == 409 else _near((old, new))}
    return refuse(
        request,
        error,
        status=status,
        code=error.code,
        page=lambda: render(request, "web/changes_missing.html", {"page": page}, status=status),
    )


def _near(specifiers: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name for each in specifiers for name in suggestions(each)))[:8]
