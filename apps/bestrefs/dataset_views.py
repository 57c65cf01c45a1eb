"""The page of one dataset: its parameters, its references, and every change of them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.bestrefs.dataset_history import NOT_FOUND, DatasetHistory, as_dict, dataset_history


@require_safe
def history(request: HttpRequest, dataset_id: str) -> HttpResponseBase:
    found = dataset_history(dataset_id, settings.OBSERVATORY)
    preferred = request.get_preferred_type(["text/html", "application/json"])
    if request.GET.get("format", preferred) in ("json", "application/json"):
        return JsonResponse(as_dict(found), headers={"Vary": "Accept"})
    return render(request, "bestrefs/dataset.html", {"page": _page(found)})


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
