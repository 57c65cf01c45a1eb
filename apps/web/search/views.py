"""The page of a search, and the JSON for the list that appears while somebody types."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.catalog.similar_names import nearest_names
from apps.core.access import find_actor
from apps.web.search import queries

MOST = 12  # hits in the list


@require_safe
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    if request.GET.get("format") == "json":
        return _list(request, text)
    found = queries.find(text, user=find_actor(request))
    others = nearest_names(found.text) if found.text and not found.groups else []
    page = {"found": found, "suggestions": others}
    return render(request, "web/search.html", {"page": page})


def _list(request: HttpRequest, text: str) -> JsonResponse:
    found = queries.find(text, user=find_actor(request), most=queries.OF_LIST)
    hits = [found.exact] if found.exact else []
    hits += [hit for hit in found.hits if hit != found.exact]
    shown = [
        {
            "kind": hit.kind,
            "title": hit.title,
            "detail": hit.detail,
            "address": hit.address,
            "badge": hit.badge,
        }
        for hit in hits[:MOST]
    ]
    return JsonResponse({"query": found.text, "hits": shown})
