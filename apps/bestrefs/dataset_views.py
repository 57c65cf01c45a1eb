"""The page of one dataset: its parameters, its references, and every change of them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.bestrefs.dataset_history import NOT_FOUND, DatasetHistory, as_dict, dataset_history
from apps.core.tables import Column, Table, exported
from apps.datasets.models import Dataset
from apps.datasets.queries import find_programme


@require_safe
def history(request: HttpRequest, dataset_id: str) -> HttpResponseBase:
    found = dataset_history(dataset_id, settings.OBSERVATORY)
    preferred = request.get_preferred_type(["text/html", "application/json"])
    if request.GET.get("format", preferred) in ("json", "application/json"):
        return JsonResponse(as_dict(found), headers={"Vary": "Accept"})
    return render(request, "bestrefs/dataset.html", {"page": _page(found)})


@require_safe
def programme(request: HttpRequest, number: str) -> HttpResponseBase:
    """List the exposures of an observing programme."""
    found = find_programme(number)
    if found is None:
        raise Http404(f"No dataset here belongs to the programme {number[:32]!r}.")
    rows = Dataset.objects.filter(program=found.number)
    label = f"Exposures of programme {found.number}"
    table = Table(EXPOSURES, rows, request.GET, order="dataset", label=label, is_wide=True)
    page = {"programme": found, "table": table}
    return exported(request, table) or render(request, "bestrefs/programme.html", {"page": page})


EXPOSURES = (
    Column(
        "dataset",
        "Dataset",
        lambda row: row.dataset_id,
        sort="product",
        search="product__istartswith",
        address=lambda row: reverse("bestrefs:dataset", args=[row.dataset_id]),
        look="code",
    ),
    Column("instrument", "Instrument", lambda row: row.instrument, sort="instrument"),
    Column("observed_at", "Start (UTC)", lambda row: row.observed_at, sort="observed_at", look="moment"),
)


def _page(found: DatasetHistory) -> dict[str, Any]:
    references = [
        (reftype, answer) for reftype, answer in found.references.items() if not answer.startswith(NOT_FOUND)
    ]
    return {
        "dataset": found.dataset_id,
        "references": references,
        "others": len(found.references) - len(references),
        "problem": found.problem,
        "eras": found.changed_eras,
        "count": len(found.eras),
        "context": found.eras[-1].context if found.eras else "",
        "header": sorted(found.header.items()),
    }
